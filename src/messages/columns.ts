/**
 * A block as columns: one typed array a field instead of one object an event. Code that runs over every event of a stream
 * reads fields by row here; an object is made only for the few events that somebody asks for.
 */
import type { AvroRecord } from './avro.ts';
import { blockReaders, type ReadField, type ReadRows } from './column-reader.ts';
import { BOOLEAN, type FlatField, TEXT } from './flat-fields.ts';

/**
 * A number that is not finite is null. NaN takes its place where the field can't be null, and where only the value itself
 * tells. A reader of columns never sees an infinity.
 */
export interface NumberColumn {
  readonly kind: 'number';
  /** 0 where the field is null, or NaN. Booleans are 0 and 1. */
  readonly values: Float64Array;
  /** 1 where the field is null; absent when it never can be. */
  readonly nulls: Uint8Array | null;
}

/** Texts as UTF-8, where the block has them. */
export interface TextColumn {
  readonly kind: 'text';
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly nulls: Uint8Array | null;
}

export type Column = NumberColumn | TextColumn;

export interface Columns {
  readonly count: number;
  /** A field, or `record.field` of a nested record; undefined when it is neither a number nor a text. */
  column(path: string): Column | undefined;
  /** The values of a numeric field. Throws when there is none of that name. */
  numbers(path: string): Float64Array;
  /** The event of a row as an object, as decoding it would give it. */
  event(row: number): Readonly<Record<string, unknown>>;
  /**
   * The Avro of a row's event, a character a byte (latin1); null when the events were not read as columns. A text lies on
   * the heap. A small array of bytes does not, and costs many times as much to make and to give back.
   */
  binary(row: number): string | null;
  /** Where the Avro of each row's event lies in the block; null when the events were not read as columns. */
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

/** Makes readers; null when a field is of a kind that has no column: an array, a map, bytes, an enum, a wider union. */
export function columnReaders(schema: AvroRecord): (() => ColumnReader) | null {
  const readers = blockReaders(schema);
  if (readers === null) return null;
  return () => {
    const read = readers();
    return (bytes, count) => columnsOfFields(read(bytes, count), bytes, count);
  };
}

function columnsOfFields({ fields, starts, ends }: ReadRows, bytes: Buffer, count: number): Columns {
  const columns = new Map(fields.map((read) => [read.field.path.join('.'), columnOfField(read, bytes)]));
  const column = (path: string): Column | undefined => columns.get(path);
  return {
    count,
    column,
    numbers: numbersOf(column),
    event: (row) => eventAt(fields, columns, row),
    binary: (row) => bytes.toString('latin1', starts[row], ends[row]),
    places: { bytes, starts, ends },
  };
}

function columnOfField({ field, values, starts, ends, nulls: marks }: ReadField, bytes: Buffer): Column {
  const nulls = field.nullBranch < 0 ? null : marks;
  if (field.op === TEXT) return { kind: 'text', bytes, starts, ends, nulls };
  return { kind: 'number', values, nulls };
}

/** Columns of events that are objects already: for schemas that the fast way can't read. */
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
  columns: ReadonlyMap<string, Column>,
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
export function fieldValue(column: Column, { op, nullBranch }: FlatField, row: number): unknown {
  if (column.nulls?.[row] === 1) return null;
  if (column.kind === 'text') return textAt(column, row);
  const value = column.values[row]!;
  if (op === BOOLEAN) return value === 1;
  // NaN in a column is a number that was not finite: null wherever the field may be null.
  return nullBranch >= 0 && Number.isNaN(value) ? null : value;
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
  const number = Number(value);
  return Number.isFinite(number) ? number : Number.NaN;
}

function columnOfValues(values: readonly unknown[]): Column | undefined {
  const known = values.filter((value) => value !== null);
  const nulls = known.length === values.length ? null : Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  if (known.every((value) => typeof value === 'number' || typeof value === 'boolean')) {
    return { kind: 'number', values: Float64Array.from(values, finiteNumber), nulls };
  }
  if (!known.every((value) => typeof value === 'string')) return undefined;
  const texts = values.map((value) => Buffer.from(typeof value === 'string' ? value : '', 'utf8'));
  const starts = new Uint32Array(texts.length);
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [i, text] of texts.entries()) {
    starts[i] = end;
    end += text.length;
    ends[i] = end;
  }
  return { kind: 'text', bytes: Buffer.concat(texts), starts, ends, nulls };
}
