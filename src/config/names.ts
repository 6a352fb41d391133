/** What a name of the file refers to: fields of a schema, and messages for what does not exist. */
import type { AvroField, AvroRecord, AvroSchema } from '../messages/avro.ts';
import { nearestWord } from './suggest.ts';

/** Told of a relation that does not hold, at the key where it is best mended. */
export type Report = (path: readonly string[], message: string) => void;

export function fieldOf(schema: AvroRecord, name: string): AvroField | undefined {
  return schema.fields.find((field) => field.name === name);
}

/** A field, or `record.field` of a nested record: one that may be null where a record around it may be. */
export function fieldAt(schema: AvroRecord, path: string): AvroField | undefined {
  const [name = '', ...rest] = path.split('.');
  const field = fieldOf(schema, name);
  if (field === undefined || rest.length === 0) return field;
  const branches = isUnion(field.type) ? field.type : [field.type];
  const records = branches.flatMap((branch) => (isObject(branch) && 'fields' in branch ? [branch] : []));
  const [record] = records;
  if (record === undefined || records.length > 1) return undefined;
  const inner = fieldAt(record, rest.join('.'));
  if (inner === undefined || !isNullable(field) || isNullable(inner)) return inner;
  return { ...inner, type: ['null', ...(isUnion(inner.type) ? inner.type : [inner.type])] };
}

export function isTimestamp({ type }: AvroField): boolean {
  return isObject(type) && 'logicalType' in type && type.logicalType === 'timestamp-millis';
}

/** What an aggregate or a condition sees of a field, nulls aside; null for what it can't read. */
export function valueTypeOf({ type }: AvroField): 'number' | 'text' | null {
  const branches = (isUnion(type) ? type : [type]).map(typeName).filter((name) => name !== 'null');
  const [name = ''] = branches;
  if (branches.length !== 1) return null;
  if (['int', 'long', 'float', 'double'].includes(name)) return 'number';
  return name === 'string' || name === 'enum' ? 'text' : null;
}

/** What a partitioner and a window's group can tell apart: text or a whole number. */
export function isKey({ type }: AvroField): boolean {
  const branches = isUnion(type) ? type : [type];
  return branches.every((branch) => ['string', 'int', 'long', 'enum', 'null'].includes(typeName(branch)));
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
  const nearest = nearestWord(name, known);
  const hint = nearest === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return `there is no ${what} ${JSON.stringify(name)}; ${hint}`;
}

function typeName(type: AvroSchema): string {
  if (typeof type === 'string') return type;
  if (isUnion(type)) return 'union';
  return type.type;
}

function isUnion(type: AvroSchema): type is readonly AvroSchema[] {
  return Array.isArray(type);
}

function isObject(type: AvroSchema): type is Exclude<AvroSchema, string | readonly AvroSchema[]> {
  return typeof type === 'object' && !Array.isArray(type);
}
