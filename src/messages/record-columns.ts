/**
 * The columns that a record has in a table. A nested record gives a column for each of its fields, `record.field`. Values
 * that no column can hold (arrays, maps, unions of several types, a record within itself) are JSON.
 */
import { type AvroRecord, type AvroSchema, isUnion } from './avro.ts';
import { qualified } from './avro-schema.ts';
import { type Column, type Columns, numberAt, type TextColumn, textAt, textColumn, valueAt } from './columns.ts';
import { jsonOf } from './event-json.ts';
import { type DecimalForm, decimalForm, unscaledOf } from './logical-types.ts';
import { decimalText } from './number-text.ts';

export type RecordColumnKind =
  | 'int'
  | 'long'
  | 'double'
  | 'boolean'
  | 'instant'
  | 'date'
  | 'text'
  | 'bytes'
  /** An exact number; as text where a store has no such type. */
  | 'decimal'
  /** JSON as text; bytes in it have a character for each, as in Avro's JSON. */
  | 'json';

/** Digits of the widest decimal that a table may have; wider ones are texts. */
export const DECIMAL_DIGITS = 38;

export interface RecordColumn {
  /** A field, or `record.field` of a nested record. */
  readonly path: string;
  readonly kind: RecordColumnKind;
  /** Of a decimal. */
  readonly decimal?: DecimalForm;
  /** True also when a record around the field may be null: the field is then null too. */
  readonly isNullable: boolean;
}

/** A field that is no record, or `record.field` of a nested one. */
export interface RecordLeaf {
  readonly path: string;
  /** Its type without null, names resolved; null where only JSON says all of it. */
  readonly type: AvroSchema | null;
  /** As in RecordColumn. */
  readonly isNullable: boolean;
  /** Of an array, what the items are; likewise. */
  readonly items?: Omit<RecordLeaf, 'path'>;
}

/** The columns in the order of the fields. */
export function recordColumns(schema: AvroRecord): RecordColumn[] {
  return recordLeaves(schema).map(({ path, type, isNullable }) => {
    const decimal = decimalForm(type);
    if (decimal !== null) return { path, kind: 'decimal', decimal, isNullable };
    return { path, kind: (type === null ? null : kindOf(type)) ?? 'json', isNullable };
  });
}

/** What a table has a column for, in the order of the fields. */
export function recordLeaves(schema: AvroRecord): RecordLeaf[] {
  const named = new Map<string, Named>();
  learnNames(schema, '', named);
  return leavesOf(schema, { named, namespace: '', path: [], isNullable: false, open: [] });
}

interface Named {
  readonly type: AvroSchema;
  readonly namespace: string;
}

interface Place {
  readonly named: ReadonlyMap<string, Named>;
  readonly namespace: string;
  readonly path: readonly string[];
  readonly isNullable: boolean;
  /** The records around this one. */
  readonly open: readonly AvroRecord[];
}

function leavesOf(record: AvroRecord, place: Place): RecordLeaf[] {
  const namespace = namespaceOf(record, place.namespace);
  const open = [...place.open, record];
  return record.fields.flatMap(({ name, type }) =>
    leavesOfType(type, { ...place, namespace, open, path: [...place.path, name] }),
  );
}

function leavesOfType(type: AvroSchema, place: Place): RecordLeaf[] {
  const { named, path, isNullable, open } = place;
  const leaf = (own: AvroSchema | null, nullable = isNullable): RecordLeaf => {
    return { path: path.join('.'), type: own, isNullable: nullable };
  };
  if (isUnion(type)) {
    const [only, ...others] = type.filter((branch) => branch !== 'null');
    const nullable = isNullable || type.includes('null');
    if (only === undefined || others.length > 0) return [leaf(null, nullable)];
    return leavesOfType(only, { ...place, isNullable: nullable });
  }
  if (isRecord(type)) return open.includes(type) ? [leaf(null)] : leavesOf(type, place);
  if (typeof type === 'object' && 'items' in type) {
    const { items } = type;
    const [item, ...more] = leavesOfType(items, { ...place, path: ['item'], isNullable: false });
    const isOne = item !== undefined && more.length === 0 && item.path === 'item' && item.items === undefined;
    return [{ ...leaf(type), ...(isOne ? { items: { type: item.type, isNullable: item.isNullable } } : {}) }];
  }
  if (decimalForm(type) !== null || kindOf(type) !== null) return [leaf(type)];
  const found = typeof type === 'string' ? named.get(qualified(type, place.namespace)) : undefined;
  return found === undefined ? [leaf(null)] : leavesOfType(found.type, { ...place, namespace: found.namespace });
}

function kindOf(type: AvroSchema): RecordColumnKind | null {
  const logical = typeof type === 'object' && 'logicalType' in type ? String(type.logicalType) : '';
  const name: unknown = typeof type === 'object' && 'type' in type ? type.type : type;
  switch (name) {
    case 'int':
      return logical === 'date' ? 'date' : 'int';
    case 'long':
      return logical === 'timestamp-millis' ? 'instant' : 'long';
    case 'float':
    case 'double':
      return 'double';
    case 'boolean':
      return 'boolean';
    case 'string':
    case 'enum':
      return 'text';
    case 'bytes':
    case 'fixed':
      return 'bytes';
    default:
      return null;
  }
}

/** Collects the types that the schema defines, since later fields may refer to them by name. */
function learnNames(type: AvroSchema, outer: string, named: Map<string, Named>): void {
  if (typeof type === 'string') return;
  if (isUnion(type)) {
    for (const branch of type) learnNames(branch, outer, named);
    return;
  }
  const namespace = 'name' in type ? namespaceOf(type, outer) : outer;
  if ('name' in type) named.set(qualified(type.name, namespace), { type, namespace: outer });
  if ('fields' in type) for (const field of type.fields) learnNames(field.type, namespace, named);
  if ('items' in type) learnNames(type.items, outer, named);
  if ('values' in type) learnNames(type.values, outer, named);
}

function namespaceOf({ name, namespace }: { readonly name: string; readonly namespace?: string }, outer: string) {
  return name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : (namespace ?? outer);
}

function isRecord(type: AvroSchema): type is AvroRecord {
  return typeof type === 'object' && 'fields' in type;
}

/** The same events with all wanted columns: bytes and JSON, which a block has no columns for, are written out. */
export function withColumns(events: Columns, wanted: readonly RecordColumn[]): Columns {
  const written = wanted.filter(({ kind, decimal }) => kind === 'bytes' || kind === 'json' || isWide(decimal));
  if (written.length === 0) return events;
  const columns = new Map<string, Column>();
  for (const column of written) {
    const cells = Array.from({ length: events.count }, (_, row) => cellAt(events, column, row));
    columns.set(column.path, texts(cells.map((cell) => (typeof cell === 'string' ? utf8(cell) : bytesOf(cell)))));
  }
  return { ...events, column: (path) => columns.get(path) ?? events.column(path) };
}

/** Whether a decimal has more digits than a column of them. */
export function isWide(decimal: DecimalForm | undefined): boolean {
  return decimal !== undefined && decimal.precision > DECIMAL_DIGITS;
}

function valuesOf(events: Columns, path: string): (row: number) => unknown {
  const column = events.column(path);
  return column?.kind === 'boxed' ? column.at : (row) => valueAt(events.event(row), path);
}

export type CellValue = number | bigint | string | Buffer | null;

/** The cell of a row; 0 or 1 for a boolean. Throws when the events have no such column. */
export function cellAt(events: Columns, { path, kind, decimal }: RecordColumn, row: number): CellValue {
  if (kind === 'bytes') return bytesOf(valuesOf(events, path)(row));
  if (kind === 'json') return textOf(valuesOf(events, path)(row));
  if (kind === 'decimal') return decimalAt(valuesOf(events, path)(row), decimal);
  const column = events.column(path);
  if (column === undefined) throw new Error(`Events without the field ${path} can't be projected`);
  if (column.nulls?.[row] === 1) return null;
  if (column.kind === 'boxed') throw new Error(`The field ${path} is neither a number nor a text`);
  return column.kind === 'number' ? numberAt(column, row) : textAt(column, row);
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : jsonOf(value);
}

function decimalAt(value: unknown, decimal: DecimalForm | undefined): string | null {
  return Buffer.isBuffer(value) ? decimalText(unscaledOf(value), decimal?.scale ?? 0) : null;
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

function bytesOf(value: unknown): Buffer | null {
  return Buffer.isBuffer(value) ? value : null;
}

const NOTHING = Buffer.alloc(0);

function texts(values: readonly (Buffer | null)[]): TextColumn {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  return textColumn(
    values.map((value) => value ?? NOTHING),
    nulls,
  );
}
