/** What a name of the file refers to: fields of a schema, and messages for what does not exist. */
import { type AvroField, type AvroRecord, type AvroSchema, isUnion } from '../messages/avro.ts';
import { nameHint } from '../nearest-word.ts';

/** Told of a relation that does not hold, at the key where it is best mended; and at which character of its value, from 1. */
export type Report = (path: readonly string[], message: string, character?: number) => void;

export function fieldOf(schema: AvroRecord, name: string): AvroField | undefined {
  return schema.fields.find((field) => field.name === name);
}

export function isTimestamp({ type }: AvroField): boolean {
  return isObject(type) && 'logicalType' in type && type.logicalType === 'timestamp-millis';
}

export function isNullable({ type }: AvroField): boolean {
  return isUnion(type) && type.includes('null');
}

/** The schema's full name. */
export function fullName({ namespace, name }: AvroRecord): string {
  return namespace === undefined || name.includes('.') ? name : `${namespace}.${name}`;
}

export function unknownField(schema: AvroRecord, name: string): string {
  const fields = schema.fields.map((field) => field.name);
  return unknownName(`field of ${schema.name}`, name, fields);
}

export function unknownName(what: string, name: string, known: readonly string[]): string {
  return `there is no ${what} ${JSON.stringify(name)}; ${nameHint(name, known)}`;
}

function isObject(type: AvroSchema): type is Exclude<AvroSchema, string | readonly AvroSchema[]> {
  return typeof type === 'object' && !Array.isArray(type);
}
