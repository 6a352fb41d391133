/**
 * The fields of a record that have columns. A flat field is a number, a boolean or a text, at any depth of records; generated
 * code reads and writes records that have no other fields. The rest (lists, maps, bytes, wider unions) is read as a whole.
 */
import type { AvroRecord } from './avro.ts';
import { type RecordType, recordType, type SchemaType } from './avro-schema.ts';
import type { DecimalForm } from './logical-types.ts';

export const LONG = 0;
export const DOUBLE = 1;
export const FLOAT = 2;
export const BOOLEAN = 3;
export const TEXT = 4;
export const INT = 5;
export const ENUM = 6;
export const BOXED = 7;
/** As rows are written. */
export const DECIMAL = 8;

export interface FlatField {
  /** Names from the outer record inwards. */
  readonly path: readonly string[];
  readonly op: typeof LONG | typeof DOUBLE | typeof FLOAT | typeof BOOLEAN | typeof TEXT | typeof INT;
  /** Which branch of the field's union is null; −1 for a field that can't be null. */
  readonly nullBranch: number;
}

/** A field as a block is read: flat, one of some symbols, or a value that is decoded only once somebody asks for it. */
export type ColumnField = (
  | Pick<FlatField, 'path' | 'op' | 'nullBranch'>
  | (Pick<FlatField, 'path' | 'nullBranch'> & { readonly op: typeof ENUM; readonly symbols: readonly string[] })
  | (Pick<FlatField, 'path' | 'nullBranch'> & { readonly op: typeof BOXED; readonly type: SchemaType })
) & {
  /** True also when a record around the field may be null: the field is then null too. */
  readonly isNullable: boolean;
  /** The field is a union of one branch, whose number stands before the value. */
  readonly isUnionOfOne: boolean;
};

/** What lies one behind the other in a record: fields, and records within it that may be null. */
export type LayoutPart = ColumnField | NullableRecord;

export interface NullableRecord {
  readonly nullableRecord: readonly LayoutPart[];
  readonly nullBranch: number;
}

/** The fields in the order of their bytes; null when one is an array, a map, bytes, an enum, a wider union, or such a record. */
export function flatFields(schema: AvroRecord): FlatField[] | null {
  const fields: FlatField[] = [];
  for (const part of recordLayout(schema)) {
    if ('nullableRecord' in part || part.op === ENUM || part.op === BOXED || part.isUnionOfOne) return null;
    fields.push({ path: part.path, op: part.op, nullBranch: part.nullBranch });
  }
  return fields;
}

/** A field that a row writer knows: also a decimal of bytes. */
export type WrittenField = Pick<FlatField, 'path' | 'nullBranch'> & { readonly op: FlatField['op'] | typeof DECIMAL };

/** As flatFields(), with decimals of bytes among them. */
export function writtenFields(schema: AvroRecord): WrittenField[] | null {
  const fields: WrittenField[] = [];
  for (const part of recordLayout(schema)) {
    if ('nullableRecord' in part || part.op === ENUM || part.isUnionOfOne) return null;
    const { path, nullBranch } = part;
    if (part.op !== BOXED) fields.push({ path, op: part.op, nullBranch });
    else if (decimalOf(part) !== null && isOfBytes(part.type)) fields.push({ path, op: DECIMAL, nullBranch });
    else return null;
  }
  return fields;
}

function isOfBytes(type: SchemaType): boolean {
  return type.kind === 'union'
    ? type.branches.every(({ kind }) => kind === 'null' || kind === 'bytes')
    : type.kind === 'bytes';
}

/** The parts of the record in the order of their bytes. Throws when the schema is none. */
export function recordLayout(schema: AvroRecord): LayoutPart[] {
  return partsOf(recordType(schema), { path: [], isNullable: false, open: [] });
}

/** All fields of a layout, in the order of their bytes. */
export function layoutFields(parts: readonly LayoutPart[]): ColumnField[] {
  return parts.flatMap((part) => ('nullableRecord' in part ? layoutFields(part.nullableRecord) : part));
}

interface Place {
  readonly path: readonly string[];
  readonly isNullable: boolean;
  /** The records around this one: one that lies within itself has no end. */
  readonly open: readonly RecordType[];
}

function partsOf(record: RecordType, place: Place): LayoutPart[] {
  const open = [...place.open, record];
  return record.fields.flatMap(({ name, type }) => partOf(type, { ...place, open, path: [...place.path, name] }));
}

function partOf(type: SchemaType, place: Place): LayoutPart | LayoutPart[] {
  const { path, open } = place;
  const union = type.kind === 'union' ? type.branches : null;
  const nullBranch = union?.findIndex(({ kind }) => kind === 'null') ?? -1;
  const isNullable = place.isNullable || nullBranch >= 0;
  const isUnionOfOne = union?.length === 1 && nullBranch < 0;
  const only = union === null ? type : isUnionOfOne ? union[0]! : union.length === 2 ? besideNull(union) : null;
  if (only?.kind === 'record' && only.fields.length > 0 && !open.includes(only) && !isUnionOfOne) {
    const nullableRecord = partsOf(only, { ...place, isNullable });
    return nullBranch < 0 ? nullableRecord : { nullableRecord, nullBranch };
  }
  if (only?.kind === 'enum') return { path, op: ENUM, nullBranch, isNullable, isUnionOfOne, symbols: only.symbols };
  const op = only === null ? null : opOf(only);
  return op === null
    ? { path, op: BOXED, nullBranch, isNullable, isUnionOfOne, type }
    : { path, op, nullBranch, isNullable, isUnionOfOne };
}

/** What a field of bytes is, where it is a decimal. */
export function decimalOf(field: ColumnField): DecimalForm | null {
  if (field.op !== BOXED) return null;
  const { type } = field;
  const only = type.kind === 'union' ? besideNull(type.branches) : type;
  return only !== null && 'logical' in only && only.logical?.kind === 'decimal' ? only.logical : null;
}

function besideNull([one, other]: readonly SchemaType[]): SchemaType | null {
  if (one?.kind === 'null') return other ?? null;
  return other?.kind === 'null' ? (one ?? null) : null;
}

function opOf({ kind }: SchemaType): FlatField['op'] | null {
  switch (kind) {
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
