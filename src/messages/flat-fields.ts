/** The fields of a flat record: numbers, booleans and texts at any depth. Such records have columns and fast code. */
import type { AvroRecord, AvroSchema } from './avro.ts';

export const LONG = 0;
export const DOUBLE = 1;
export const FLOAT = 2;
export const BOOLEAN = 3;
export const TEXT = 4;
export const INT = 5;

export interface FlatField {
  /** Names from the outer record inwards. */
  readonly path: readonly string[];
  readonly op: typeof LONG | typeof DOUBLE | typeof FLOAT | typeof BOOLEAN | typeof TEXT | typeof INT;
  /** Which branch of the field's union is null; −1 for a field that can't be null. */
  readonly nullBranch: number;
}

/** The fields in the order of their bytes; null when one is an array, a map, bytes, an enum or a wider union. */
export function flatFields(schema: AvroRecord): FlatField[] | null {
  const fields: FlatField[] = [];
  return collect(schema, [], fields) ? fields : null;
}

function collect(schema: AvroRecord, path: readonly string[], fields: FlatField[]): boolean {
  return schema.fields.every(({ name, type }) => {
    const own = [...path, name];
    if (isRecord(type)) return collect(type, own, fields);
    const nullBranch = Array.isArray(type) && type.length === 2 ? type.indexOf('null') : -1;
    const op = opOf(nullBranch < 0 || !Array.isArray(type) ? type : type[1 - nullBranch]);
    if (op !== null) fields.push({ path: own, op, nullBranch });
    return op !== null;
  });
}

function isRecord(type: AvroSchema): type is AvroRecord {
  return typeof type === 'object' && 'type' in type && type.type === 'record';
}

function opOf(type: AvroSchema): FlatField['op'] | null {
  const primitive = typeof type === 'object' && 'type' in type && typeof type.type === 'string' ? type.type : type;
  switch (primitive) {
    case 'int':
      return INT;
    case 'long':
      return LONG;
    case 'double':
      return DOUBLE;
    case 'float':
      return FLOAT;
    case 'boolean':
      return BOOLEAN;
    case 'string':
      return TEXT;
    default:
      return null;
  }
}
