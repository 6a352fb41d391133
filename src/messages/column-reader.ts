/**
 * Reads the records of a block into columns, by code that is generated for the schema, as avsc generates its own. The
 * counterpart of the record writer.
 */
import type { AvroRecord } from './avro.ts';
import { readExactly } from './exact-long.ts';
import { BOOLEAN, DOUBLE, FLOAT, type FlatField, flatFields, INT, LONG, TEXT } from './flat-fields.ts';

/** One field of all events, a row for each, in memory that the next block reuses. */
export interface ReadField {
  readonly field: FlatField;
  /** Values of a number: 0 where it is null, NaN where it is not finite but can't be null. Empty for a text. */
  readonly values: Float64Array;
  /** Where each text begins in the block. Empty for a number. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** 1 where the field is null; empty when it never can be. */
  readonly nulls: Uint8Array;
}

export interface ReadRows {
  readonly fields: readonly ReadField[];
  /** Where each event lies in the block. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Reads a block into the memory of the one before. Throws when it does not hold as many events as it should. */
export type BlockReader = (bytes: Buffer, count: number) => ReadRows;

/** Makes readers; null when a field is of a kind that has no column: an array, a map, bytes, an enum, a wider union. */
export function blockReaders(schema: AvroRecord): (() => BlockReader) | null {
  const fields = flatFields(schema);
  if (fields === null) return null;
  const readRows = rowsReader(fields);
  return () => {
    let memory = memoryFor(fields, 0);
    return (bytes, count) => {
      if (memory.rows < count) memory = memoryFor(fields, count);
      readBlock(readRows, memory, bytes, count);
      return {
        fields: fields.map((field, i) => fieldOf(field, memory, i, count)),
        starts: memory.rowStarts,
        ends: memory.rowEnds,
      };
    };
  };
}

interface Memory {
  readonly rows: number;
  readonly rowStarts: Uint32Array;
  readonly rowEnds: Uint32Array;
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
    rowStarts: new Uint32Array(rows),
    rowEnds: new Uint32Array(rows),
    values: numbers.map((length) => new Float64Array(length)),
    starts: texts.map((length) => new Uint32Array(length)),
    ends: texts.map((length) => new Uint32Array(length)),
    nulls: fields.map(({ nullBranch }) => new Uint8Array(nullBranch < 0 ? 0 : rows)),
  };
}

function fieldOf(field: FlatField, memory: Memory, i: number, count: number): ReadField {
  return {
    field,
    values: memory.values[i]!.subarray(0, count),
    starts: memory.starts[i]!.subarray(0, count),
    ends: memory.ends[i]!.subarray(0, count),
    nulls: memory.nulls[i]!.subarray(0, count),
  };
}

function readBlock(readRows: RowsReader, memory: Memory, bytes: Buffer, count: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let row = 0;
  // An Avro array comes in runs, each behind its length; one below zero is followed by the run's size in bytes.
  for (;;) {
    let run = readLong(bytes, at);
    at = endOfLong();
    if (run === 0) break;
    if (run < 0) {
      run = -run;
      readLong(bytes, at);
      at = endOfLong();
    }
    if (run > count - row) throw new Error(`A block of ${count} events holds more`);
    at = readRows(bytes, view, at, row, row + run, memory);
    row += run;
  }
  if (row !== count) throw new Error(`A block of ${count} events holds ${row}`);
  if (at !== bytes.length) throw new Error('A block goes on behind its last event');
}

/** Fills rows from the bytes at a place on. Returns where they end; throws when the block ends before. */
type RowsReader = (bytes: Buffer, view: DataView, at: number, row: number, endRow: number, memory: Memory) => number;

function rowsReader(fields: readonly FlatField[]): RowsReader {
  const floats = fields.flatMap(({ op }, i) => (op === DOUBLE || op === FLOAT ? [i] : []));
  // The generated code holds nothing of the schema but the kinds of its fields.
  const code = [
    ...fields.map(
      (_, i) => `const v${i} = memory.values[${i}], s${i} = memory.starts[${i}], e${i} = memory.ends[${i}];`,
    ),
    ...fields.map((_, i) => `const n${i} = memory.nulls[${i}];`),
    'const size = bytes.length, rowStarts = memory.rowStarts, rowEnds = memory.rowEnds;',
    'let b = 0, length = 0;',
    'const firstRow = row;',
    ...floats.map((i) => `let q${i} = 0;`),
    'for (; row < endRow; row++) {',
    'rowStarts[row] = at;',
    ...fields.map(fieldCode),
    'if (at > size) throw cut();',
    'rowEnds[row] = at;',
    '}',
    ...floats.map((i) => `if (q${i} !== 0) toNulls(v${i}, n${i}, firstRow, endRow);`),
    'return at;',
  ].join('\n');
  const make: unknown = new Function(
    'long',
    'end',
    'cut',
    'toNulls',
    `return (bytes, view, at, row, endRow, memory) => {\n${code}\n};`,
  )(readLong, endOfLong, cut, toNulls);
  if (!isRowsReader(make)) throw new Error('The generated reader is no function');
  return make;
}

function isRowsReader(value: unknown): value is RowsReader {
  return typeof value === 'function';
}

function fieldCode({ op, nullBranch }: FlatField, i: number): string {
  const value = valueCode(op, i);
  if (nullBranch < 0) return value;
  const empty = op === TEXT ? `s${i}[row] = e${i}[row] = at;` : `v${i}[row] = 0;`;
  // A union is its branch's number, zig-zagged, then the value.
  return `if (bytes[at++] >> 1 === ${nullBranch}) { n${i}[row] = 1; ${empty} } else { n${i}[row] = 0; ${value} }`;
}

/** A number minus itself: 0 unless it is not finite. The sum over a run is asked once. */
function doubtCode(i: number): string {
  return `q${i} += v${i}[row] - v${i}[row];`;
}

/** A number that is not finite becomes null, or NaN where the field can't be null. */
function toNulls(values: Float64Array, nulls: Uint8Array, fromRow: number, toRow: number): void {
  for (let row = fromRow; row < toRow; row++) {
    if (Number.isFinite(values[row])) continue;
    values[row] = nulls.length === 0 ? Number.NaN : 0;
    if (nulls.length > 0) nulls[row] = 1;
  }
}

function valueCode(op: FlatField['op'], i: number): string {
  switch (op) {
    case INT:
    case LONG:
      return longCode(`v${i}[row]`);
    case TEXT:
      return `${longCode('length')} s${i}[row] = at; at += length; e${i}[row] = at;`;
    case DOUBLE:
      return `if (at + 8 > size) throw cut(); v${i}[row] = view.getFloat64(at, true); at += 8; ${doubtCode(i)}`;
    case FLOAT:
      return `if (at + 4 > size) throw cut(); v${i}[row] = view.getFloat32(at, true); at += 4; ${doubtCode(i)}`;
    case BOOLEAN:
      return `v${i}[row] = bytes[at++];`;
  }
}

/** Reads a zig-zag varint: a single byte in place, a longer one by a call. */
function longCode(target: string): string {
  return `b = bytes[at]; if (b < 128) { at += 1; ${target} = (b >>> 1) ^ -(b & 1); } else { ${target} = long(bytes, at); at = end(); }`;
}

function cut(): Error {
  return new Error('A block ends in the middle of an event');
}

/** Where the last long ended. Every value writes it: as a variable of the module that costs nothing. */
let endOfLast = 0;

function endOfLong(): number {
  return endOfLast;
}

const LOW_BITS = 2 ** 28;

/** Its lowest 28 bits fit an integer of 32, which is all that most values have. */
function readLong(bytes: Uint8Array, start: number): number {
  let at = start;
  let byte = bytes[at++]!;
  let low = byte & 0x7f;
  if (byte >= 0x80) {
    byte = bytes[at++]!;
    low |= (byte & 0x7f) << 7;
    if (byte >= 0x80) {
      byte = bytes[at++]!;
      low |= (byte & 0x7f) << 14;
      if (byte >= 0x80) {
        byte = bytes[at++]!;
        low |= (byte & 0x7f) << 21;
        if (byte >= 0x80) return readLonger(bytes, at, low);
      }
    }
  }
  endOfLast = at;
  return (low >>> 1) ^ -(low & 1);
}

/** The rest of a varint of more than 28 bits: up to 28 more as an integer, then in doubles; beyond that, exactly. */
function readLonger(bytes: Uint8Array, from: number, low: number): number {
  let at = from;
  let byte = bytes[at++]!;
  let high = byte & 0x7f;
  for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
    byte = bytes[at++]!;
    high |= (byte & 0x7f) << shift;
  }
  const zigzag = high * LOW_BITS + low;
  if (byte >= 0x80 || zigzag >= Number.MAX_SAFE_INTEGER) {
    while (bytes[at - 1]! >= 0x80) at += 1;
    endOfLast = at;
    return readExactly(bytes, from - 4);
  }
  endOfLast = at;
  return (low & 1) === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}
