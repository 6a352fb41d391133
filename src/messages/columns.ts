/**
 * A block as columns: one typed array a field instead of one object an event. Code that runs over every event of a stream
 * reads fields by row here; an object is made only for the few events that somebody asks for.
 */
import type { AvroField, AvroRecord } from './avro.ts';
import { type BlockReaders, blockReaders, type ReadField, type ReadRows } from './column-reader.ts';
import type { ExactLong } from './exact-long.ts';
import { BOOLEAN, BOXED, type ColumnField, decimalOf, ENUM, TEXT } from './flat-fields.ts';
import type { DecimalForm } from './logical-types.ts';
import type { SymbolTexts } from './symbol-texts.ts';

/**
 * A number that is not finite is null. NaN takes its place where the field can't be null, and where only the value itself
 * tells. A reader of columns never sees an infinity.
 */
export interface NumberColumn {
  readonly kind: 'number';
  /** 0 where the field is null, or NaN. Booleans are 0 and 1. A long beyond ±(2^53 − 1) is rounded here. */
  readonly values: Float64Array;
  /** The same longs, unrounded; null where no value of the block is beyond ±(2^53 − 1). */
  readonly exact: BigInt64Array | null;
  /** 1 where the field is null; absent when it never can be. */
  readonly nulls: Uint8Array | null;
}

/** Texts as UTF-8, where the block has them; also the symbols of an enum. */
export interface TextColumn {
  readonly kind: 'text';
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly nulls: Uint8Array | null;
}

/** Values that are neither: bytes, decimals, lists, maps, records and unions of several types. */
export interface BoxedColumn {
  readonly kind: 'boxed';
  /** The value of a row as decoding gives it, decoded now; null where it is null. */
  at(row: number): unknown;
  /** What the bytes are, where they are decimals; `unscaledOf` reads them. */
  readonly decimal: DecimalForm | null;
  readonly nulls: Uint8Array | null;
  /** Of decimals that were computed their unscaled digits; infinite where no double holds them, and 0 for null. */
  readonly unscaled?: Float64Array;
}

export type Column = NumberColumn | TextColumn | BoxedColumn;

export interface Columns {
  readonly count: number;
  /** A field, or `record.field` of a nested record; undefined when there is none. */
  column(path: string): Column | undefined;
  /** The values of a numeric field. Throws when there is none of that name. */
  numbers(path: string): Float64Array;
  /** The event of a row as an object, as decoding it would give it. */
  event(row: number): Readonly<Record<string, unknown>>;
  /**
   * The Avro of a row's event, a character a byte (latin1); null when the events are not those of a block. A text lies on
   * the heap. A small array of bytes does not, and costs many times as much to make and to give back.
   */
  binary(row: number): string | null;
  /** Where each row's event lies in the block; null when they are not those of a block, or it is of an older schema. */
  readonly places: RowPlaces | null;
}

export interface RowPlaces {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * Reads blocks of one schema into the same memory: each call invalidates the columns of the call before. Throws when the
 * bytes do not hold as many events as they should.
 */
export type ColumnReader = (bytes: Buffer, count: number) => Columns;

/** Decodes one value, or a whole event: `path` names a field, from the outer record inwards, and is empty for the event. */
export type ValueDecoder = (path: readonly string[]) => (bytes: Buffer) => unknown;

/** Makes readers. `decoderOf` serves what is no number and no text, once somebody asks for it. */
export function columnReaders(schema: AvroRecord, decoderOf: ValueDecoder): () => ColumnReader {
  const readers = blockReaders(schema);
  const decoders = readers.fields.map((field) => (field.op === BOXED ? decoderOf(field.path) : null));
  // Where a record may be null, or a value is boxed, the columns do not say all of an event.
  const decodeEvent = isFlat(readers) ? null : decoderOf([]);
  return () => {
    const read = readers.make();
    return (bytes, count) => columnsOfFields(readers, decoders, decodeEvent, read(bytes, count), bytes, count);
  };
}

type Decode = (bytes: Buffer) => unknown;

function isFlat({ layout }: BlockReaders): boolean {
  return layout.every((part) => !('nullableRecord' in part) && part.op !== BOXED);
}

function columnsOfFields(
  { symbols }: BlockReaders,
  decoders: readonly (Decode | null)[],
  decodeEvent: Decode | null,
  { fields, starts, ends }: ReadRows,
  bytes: Buffer,
  count: number,
): Columns {
  const columns = new Map<string, Column | undefined>(
    fields.map((read, i) => [pathOf(read.field), columnOfField(read, bytes, symbols[i] ?? null, decoders[i] ?? null)]),
  );
  const event = (row: number): Record<string, unknown> => {
    if (decodeEvent === null) return eventAt(fields, columns, row);
    const decoded = decodeEvent(bytes.subarray(starts[row], ends[row]));
    return isObject(decoded) ? decoded : {};
  };
  const column = (path: string): Column | undefined => {
    const known = columns.get(path);
    if (known !== undefined || columns.has(path)) return known;
    const made = innerColumn(path, fields, columns, event, count);
    columns.set(path, made);
    return made;
  };
  return {
    count,
    column,
    numbers: numbersOf(column),
    event,
    binary: (row) => bytes.toString('latin1', starts[row], ends[row]),
    places: { bytes, starts, ends },
  };
}

function pathOf({ path }: Pick<ColumnField, 'path'>): string {
  return path.join('.');
}

/** A nested record as a whole, or a field within a boxed value; undefined when there is none. */
function innerColumn(
  path: string,
  fields: readonly ReadField[],
  columns: ReadonlyMap<string, Column | undefined>,
  event: (row: number) => Record<string, unknown>,
  count: number,
): Column | undefined {
  if (fields.some(({ field }) => pathOf(field).startsWith(`${path}.`))) {
    return { kind: 'boxed', at: (row) => valueAt(event(row), path), decimal: null, nulls: null };
  }
  const outer = fields.find(({ field }) => field.op === BOXED && path.startsWith(`${pathOf(field)}.`));
  const boxed = outer === undefined ? undefined : columns.get(pathOf(outer.field));
  if (outer === undefined || boxed?.kind !== 'boxed') return undefined;
  const rest = path.slice(pathOf(outer.field).length + 1);
  const values = Array.from({ length: count }, (_, row) => valueAt(boxed.at(row), rest));
  return values.every((value) => value === undefined) ? undefined : columnOfValues(values);
}

function columnOfField(
  { field, values, exact, starts, ends, nulls: marks }: ReadField,
  bytes: Buffer,
  symbols: SymbolTexts | null,
  decode: Decode | null,
): Column {
  const nulls = field.isNullable ? marks : null;
  if (field.op === TEXT) return { kind: 'text', bytes, starts, ends, nulls };
  if (field.op === ENUM) return { kind: 'text', bytes: symbols?.bytes ?? bytes, starts, ends, nulls };
  if (decode === null) return { kind: 'number', values, exact, nulls };
  return {
    kind: 'boxed',
    decimal: decimalOf(field),
    at: (row) => (nulls?.[row] === 1 ? null : decode(bytes.subarray(starts[row], ends[row]))),
    nulls,
  };
}

/** Columns of events that are objects already. */
export function columnsOfEvents(events: readonly Readonly<Record<string, unknown>>[]): Columns {
  const made = new Map<string, Column | undefined>();
  const column = (path: string): Column | undefined => {
    if (!made.has(path)) made.set(path, columnOfValues(events.map((event) => valueAt(event, path))));
    return made.get(path);
  };
  return {
    count: events.length,
    column,
    numbers: numbersOf(column),
    event: (row) => events[row] ?? {},
    binary: () => null,
    places: null,
  };
}

export function textAt({ bytes, starts, ends }: TextColumn, row: number): string {
  return bytes.toString('utf8', starts[row], ends[row]);
}

function eventAt(
  fields: readonly ReadField[],
  columns: ReadonlyMap<string, Column | undefined>,
  row: number,
): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const { field } of fields) {
    const column = columns.get(field.path.join('.'));
    if (column === undefined) continue;
    let record = event;
    for (const name of field.path.slice(0, -1)) {
      const known = record[name];
      const inner: Record<string, unknown> = isObject(known) ? known : {};
      record[name] = inner;
      record = inner;
    }
    record[field.path.at(-1)!] = fieldValue(column, field, row);
  }
  return event;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A field's value as decoding gives it. */
function fieldValue(column: Column, { op, nullBranch }: Pick<ColumnField, 'op' | 'nullBranch'>, row: number): unknown {
  if (column.nulls?.[row] === 1) return null;
  if (column.kind === 'text') return textAt(column, row);
  if (column.kind === 'boxed') return column.at(row);
  const value = numberAt(column, row);
  if (op === BOOLEAN) return value === 1;
  // NaN in a column is a number that was not finite: null wherever the field may be null.
  return nullBranch >= 0 && Number.isNaN(value) ? null : value;
}

/** The values of a column that is a field of its own, as decoding gives them. */
export function columnValue(column: Column, { type }: AvroField): (row: number) => unknown {
  const branches = typeof type === 'object' && 'length' in type ? type : [type];
  const isBoolean = branches.some((branch) => branch === 'boolean');
  const field = { op: isBoolean ? BOOLEAN : TEXT, nullBranch: branches.indexOf('null') } as const;
  return (row) => fieldValue(column, field, row);
}

/** The number of a row, exactly: a bigint where it is a long beyond ±(2^53 − 1). */
export function numberAt({ values, exact }: NumberColumn, row: number): ExactLong {
  const value = values[row]!;
  return exact === null || Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : exact[row]!;
}

function numbersOf(column: (path: string) => Column | undefined): (path: string) => Float64Array {
  return (path) => {
    const found = column(path);
    if (found?.kind !== 'number') throw new Error(`There is no numeric field ${path}`);
    return found.values;
  };
}

/** A field of an event, or `record.field` of a nested record: null within a null record, undefined when there is none. */
export function valueAt(event: unknown, path: string): unknown {
  let value = event;
  for (const name of path.split('.')) {
    if (value === null) return null;
    value = isObject(value) ? value[name] : undefined;
  }
  return value;
}

function finiteNumber(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : Number.NaN;
}

/** Undefined for a field that none of the events has. */
function columnOfValues(values: readonly unknown[]): Column | undefined {
  if (values.length > 0 && values.every((value) => value === undefined)) return undefined;
  const known = values.filter((value) => value !== null && value !== undefined);
  const isNull = (value: unknown): 0 | 1 => (value === null || value === undefined ? 1 : 0);
  const nulls = known.length === values.length ? null : Uint8Array.from(values, isNull);
  if (known.every((value) => typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')) {
    const isWide = known.some((value) => typeof value === 'bigint');
    const exact = isWide ? BigInt64Array.from(values, (value) => (isWhole(value) ? BigInt(value) : 0n)) : null;
    return { kind: 'number', values: Float64Array.from(values, finiteNumber), exact, nulls };
  }
  if (!known.every((value) => typeof value === 'string')) {
    return { kind: 'boxed', at: (row) => values[row] ?? null, decimal: null, nulls };
  }
  return textColumn(
    values.map((value) => Buffer.from(typeof value === 'string' ? value : '', 'utf8')),
    nulls,
  );
}

/** Texts as a column, each as UTF-8; what stands where a text is null has no meaning. */
export function textColumn(texts: readonly Buffer[], nulls: Uint8Array | null): TextColumn {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [i, { length }] of texts.entries()) ends[i] = end += length;
  const starts = ends.map((own, i) => own - texts[i]!.length);
  return { kind: 'text', bytes: Buffer.concat(texts), starts, ends, nulls };
}

function isWhole(value: unknown): value is ExactLong {
  return typeof value === 'bigint' || Number.isInteger(value);
}
