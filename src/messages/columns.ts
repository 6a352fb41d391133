/**
 * A block as columns: one typed array a field instead of one object an event. What runs over every event of a stream
 * reads fields by row from here; an object is made only for the few events that somebody asks for.
 */
import type { AvroRecord } from './avro.ts';
import { readExactly } from './exact-long.ts';
import { BOOLEAN, DOUBLE, FLOAT, type FlatField, flatFields, INT, LONG, TEXT } from './flat-fields.ts';

export interface NumberColumn {
  readonly kind: 'number';
  /** 0 where the field is null. Booleans are 0 and 1. */
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
}

/**
 * Reads blocks of one schema, each into the memory of the one before, whose columns are then gone. Throws when the bytes
 * do not hold as many events as they should.
 */
export type ColumnReader = (bytes: Buffer, count: number) => Columns;

/** Makes readers; null when a field is of a kind that has no column: an array, a map, bytes, an enum, a wider union. */
export function columnReaders(schema: AvroRecord): (() => ColumnReader) | null {
  const fields = flatFields(schema);
  if (fields === null) return null;
  return () => {
    let memory = memoryFor(fields, 0);
    return (bytes, count) => {
      if (memory.rows < count) memory = memoryFor(fields, count);
      return readColumns(fields, memory, bytes, count);
    };
  };
}

interface Memory {
  readonly rows: number;
  readonly values: readonly Float64Array[];
  readonly starts: readonly Uint32Array[];
  readonly ends: readonly Uint32Array[];
  readonly nulls: readonly Uint8Array[];
}

function memoryFor(fields: readonly FlatField[], rows: number): Memory {
  const numbers = fields.map(({ op }) => (op === TEXT ? 0 : rows));
  const texts = fields.map(({ op }) => (op === TEXT ? rows : 0));
  return {
    rows,
    values: numbers.map((length) => new Float64Array(length)),
    starts: texts.map((length) => new Uint32Array(length)),
    ends: texts.map((length) => new Uint32Array(length)),
    nulls: fields.map(({ nullBranch }) => new Uint8Array(nullBranch < 0 ? 0 : rows)),
  };
}

/** Columns of events that are objects already: what the fast way can't read, at the price of an object each. */
export function columnsOfEvents(events: readonly Readonly<Record<string, unknown>>[]): Columns {
  const made = new Map<string, Column | undefined>();
  const column = (path: string): Column | undefined => {
    if (!made.has(path)) made.set(path, columnOfValues(events.map((event) => valueAt(event, path))));
    return made.get(path);
  };
  return { count: events.length, column, numbers: numbersOf(column), event: (row) => events[row] ?? {} };
}

export function textAt({ bytes, starts, ends }: TextColumn, row: number): string {
  return bytes.toString('utf8', starts[row], ends[row]);
}

function readColumns(fields: readonly FlatField[], memory: Memory, bytes: Buffer, count: number): Columns {
  const ops = fields.map(({ op }) => op);
  const nullBranches = fields.map(({ nullBranch }) => nullBranch);
  const { values, starts, ends, nulls } = memory;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  at = 0;
  let row = 0;
  // An Avro array comes in runs, each behind its length; one below zero is followed by the run's size in bytes.
  for (;;) {
    let run = readLong(bytes);
    if (run === 0) break;
    if (run < 0) {
      run = -run;
      readLong(bytes);
    }
    if (run > count - row) throw new Error(`A block of ${count} events holds more`);
    for (const end = row + run; row < end; row++) {
      for (let field = 0; field < ops.length; field++) {
        const nullBranch = nullBranches[field]!;
        if (nullBranch >= 0 && bytes[at++]! >> 1 === nullBranch) {
          nulls[field]![row] = 1;
          if (ops[field] === TEXT) starts[field]![row] = ends[field]![row] = at;
          else values[field]![row] = 0;
          continue;
        }
        if (nullBranch >= 0) nulls[field]![row] = 0;
        switch (ops[field]!) {
          case INT:
          case LONG:
            values[field]![row] = readLong(bytes);
            break;
          case TEXT: {
            const length = readLong(bytes);
            starts[field]![row] = at;
            at += length;
            ends[field]![row] = at;
            break;
          }
          case DOUBLE:
            if (at + 8 > bytes.length) throw cut();
            values[field]![row] = view.getFloat64(at, true);
            at += 8;
            break;
          case FLOAT:
            if (at + 4 > bytes.length) throw cut();
            values[field]![row] = view.getFloat32(at, true);
            at += 4;
            break;
          case BOOLEAN:
            values[field]![row] = bytes[at++]!;
            break;
        }
      }
      if (at > bytes.length) throw cut();
    }
  }
  if (row !== count) throw new Error(`A block of ${count} events holds ${row}`);
  if (at !== bytes.length) throw new Error('A block goes on behind its last event');

  const columns = new Map<string, Column>();
  for (const [i, { path, op, nullBranch }] of fields.entries()) {
    const marks = nullBranch < 0 ? null : nulls[i]!.subarray(0, count);
    const column: Column =
      op === TEXT
        ? {
            kind: 'text',
            bytes,
            starts: starts[i]!.subarray(0, count),
            ends: ends[i]!.subarray(0, count),
            nulls: marks,
          }
        : { kind: 'number', values: values[i]!.subarray(0, count), nulls: marks };
    columns.set(path.join('.'), column);
  }
  const column = (path: string): Column | undefined => columns.get(path);
  return { count, column, numbers: numbersOf(column), event: (index) => eventAt(fields, columns, index) };
}

function cut(): Error {
  return new Error('A block ends in the middle of an event');
}

function eventAt(
  fields: readonly FlatField[],
  columns: ReadonlyMap<string, Column>,
  row: number,
): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const { path, op } of fields) {
    const column = columns.get(path.join('.'));
    if (column === undefined) continue;
    let record = event;
    for (const name of path.slice(0, -1)) {
      const known = record[name];
      const inner: Record<string, unknown> = isObject(known) ? known : {};
      record[name] = inner;
      record = inner;
    }
    record[path.at(-1)!] = fieldValue(column, op, row);
  }
  return event;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fieldValue(column: Column, op: FlatField['op'], row: number): unknown {
  if (column.nulls?.[row] === 1) return null;
  if (column.kind === 'text') return textAt(column, row);
  return op === BOOLEAN ? column.values[row] === 1 : column.values[row];
}

function numbersOf(column: (path: string) => Column | undefined): (path: string) => Float64Array {
  return (path) => {
    const found = column(path);
    if (found?.kind !== 'number') throw new Error(`There is no numeric field ${path}`);
    return found.values;
  };
}

/**
 * Where readLong() reads next. Of the module and not of an object: it is read and written for every value, and an
 * engine keeps it in a register.
 */
let at = 0;

const LOW_BITS = 2 ** 28;

/** A zig-zag varint. Its lowest 28 bits fit an integer of 32, which is all that most values have. */
function readLong(bytes: Uint8Array): number {
  let byte = bytes[at++]!;
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
  let low = byte & 0x7f;
  byte = bytes[at++]!;
  low |= (byte & 0x7f) << 7;
  if (byte >= 0x80) {
    byte = bytes[at++]!;
    low |= (byte & 0x7f) << 14;
    if (byte >= 0x80) {
      byte = bytes[at++]!;
      low |= (byte & 0x7f) << 21;
      if (byte >= 0x80) return readLonger(bytes, low);
    }
  }
  return (low >>> 1) ^ -(low & 1);
}

/** The rest of a varint of more than 28 bits: up to 28 more as an integer, then in doubles; beyond that, exactly. */
function readLonger(bytes: Uint8Array, low: number): number {
  const start = at - 4;
  let byte = 0x80;
  let high = 0;
  for (let shift = 0; byte >= 0x80 && shift < 28; shift += 7) {
    byte = bytes[at++]!;
    high |= (byte & 0x7f) << shift;
  }
  const zigzag = high * LOW_BITS + low;
  if (byte >= 0x80 || zigzag >= Number.MAX_SAFE_INTEGER) {
    while (bytes[at - 1]! >= 0x80) at += 1;
    return readExactly(bytes, start);
  }
  return (low & 1) === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}

function valueAt(event: unknown, path: string): unknown {
  let value = event;
  for (const name of path.split('.')) value = isObject(value) ? value[name] : undefined;
  return value;
}

function columnOfValues(values: readonly unknown[]): Column | undefined {
  const known = values.filter((value) => value !== null);
  const nulls = known.length === values.length ? null : Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  if (known.every((value) => typeof value === 'number' || typeof value === 'boolean')) {
    return { kind: 'number', values: Float64Array.from(values, Number), nulls };
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
