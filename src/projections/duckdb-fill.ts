/**
 * Values of a column of events, laid out as DuckDB's vectors have them: a loop for each kind of value, so that no value asks
 * what it is. No object, BigInt or call into native code a value; a text of more than 12 bytes costs one.
 */
import { isUtf8 } from 'node:buffer';
import { type BoxedColumn, type NumberColumn, type TextColumn, textAt } from '../messages/columns.ts';
import { unscaledOf } from '../messages/logical-types.ts';

export type ColumnKind = 'long' | 'int' | 'double' | 'boolean' | 'instant' | 'date' | 'text' | 'bytes' | 'decimal';

/** Rows of a DuckDB vector. */
export const CHUNK_ROWS = 2048;
/** A string_t holds up to this many bytes in place: duckdb/common/types/string_type.hpp. */
const INLINE_BYTES = 12;
const MICROS_PER_MILLI = 1000;

/** Bytes of a value, by kind. */
export const WIDTHS: Readonly<Record<ColumnKind, number>> = {
  long: 8,
  int: 4,
  double: 8,
  boolean: 1,
  instant: 8,
  date: 4,
  text: 16,
  bytes: 16,
  decimal: 16,
};

/** What a column is filled from: a field, or a number that grows by a step from row to row. */
export type Source =
  | NumberColumn
  | TextColumn
  | BoxedColumn
  | { readonly kind: 'steps'; readonly first: number; readonly step: number };

/** The rows of a vector. */
export interface Buffers {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly int32: Int32Array<ArrayBuffer>;
  readonly float64: Float64Array<ArrayBuffer>;
  readonly int64: BigInt64Array<ArrayBuffer>;
  /** DuckDB's validity mask: a set bit is a value. */
  readonly validity: Int32Array<ArrayBuffer>;
  hasNull: boolean;
  readonly longValues: { row: number; value: string | Uint8Array }[];
}

export function columnBuffers(kind: ColumnKind): Buffers {
  const bytes = new Uint8Array(CHUNK_ROWS * WIDTHS[kind]);
  return {
    bytes,
    int32: new Int32Array(bytes.buffer, 0, bytes.length >> 2),
    float64: new Float64Array(bytes.buffer, 0, bytes.length >> 3),
    int64: new BigInt64Array(bytes.buffer, 0, bytes.length >> 3),
    validity: new Int32Array(CHUNK_ROWS >> 5).fill(-1),
    hasNull: false,
    longValues: [],
  };
}

/** Clears what is kept beside the bytes of a row, so that the next row of that number does not inherit it. */
export function forgetMarks(buffer: Buffers): void {
  buffer.longValues.length = 0;
  if (buffer.hasNull) buffer.validity.fill(-1);
  buffer.hasNull = false;
}

/** Copies rows `from` to `to` of a source into a buffer, from its row `at` on. */
export function fill(buffer: Buffers, kind: ColumnKind, at: number, source: Source, from: number, to: number): void {
  if (source.kind === 'text') {
    fillTexts(buffer, kind, at, source, from, to);
    return;
  }
  if (source.kind === 'boxed') {
    fillDecimals(buffer, kind, at, source, from, to);
    return;
  }
  if (source.kind === 'steps') {
    for (let row = 0, i = from; i < to; row++, i++) counted[row] = source.first + source.step * i;
    fillNumbers(buffer, kind, at, counted, 0, to - from);
    return;
  }
  if (kind === 'text' || kind === 'bytes') {
    // A column whose values are all null has no type.
    if (source.nulls === null) throw new Error('A column of texts is filled from numbers');
    buffer.int32.fill(0, at << 2, (at + to - from) << 2);
  } else if (kind === 'long' && source.exact !== null) buffer.int64.set(source.exact.subarray(from, to), at);
  else fillNumbers(buffer, kind, at, source.values, from, to);
  if (source.nulls !== null) markNulls(buffer, at, source.nulls, from, to);
}

/** The numbers of a counting source, while they are copied. */
const counted = new Float64Array(CHUNK_ROWS);

function fillNumbers(
  buffer: Buffers,
  kind: ColumnKind,
  at: number,
  values: Float64Array,
  from: number,
  to: number,
): void {
  if (kind === 'long') fillLongs(buffer.int32, at, values, from, to, 1);
  else if (kind === 'instant') fillLongs(buffer.int32, at, values, from, to, MICROS_PER_MILLI);
  else if (kind === 'double') fillDoubles(buffer, at, values, from, to);
  else if (kind === 'boolean') fillBytes(buffer.bytes, at, values, from, to);
  else fillInts(buffer.int32, at, values, from, to);
}

/** Each long is two halves of 32 bits. */
function fillLongs(int32: Int32Array, at: number, values: Float64Array, from: number, to: number, scale: number): void {
  for (let word = at << 1, i = from; i < to; word += 2, i++) {
    const value = values[i]! * scale;
    const low = value | 0;
    int32[word] = low;
    int32[word + 1] = value === low ? low >> 31 : Math.floor(value / 0x1_0000_0000);
  }
}

function fillInts(int32: Int32Array, at: number, values: Float64Array, from: number, to: number): void {
  for (let row = at, i = from; i < to; row++, i++) int32[row] = values[i]!;
}

function fillDoubles(buffer: Buffers, at: number, values: Float64Array, from: number, to: number): void {
  const { float64 } = buffer;
  // A number minus itself is 0 unless it is not finite, so one sum tells whether any of them is not.
  let doubt = 0;
  for (let row = at, i = from; i < to; row++, i++) {
    const value = values[i]!;
    float64[row] = value;
    doubt += value - value;
  }
  if (doubt === 0) return;
  for (let row = at, i = from; i < to; row++, i++) if (!Number.isFinite(values[i]!)) markNull(buffer, row);
}

function fillBytes(bytes: Uint8Array, at: number, values: Float64Array, from: number, to: number): void {
  for (let row = at, i = from; i < to; row++, i++) bytes[row] = values[i]!;
}

/**
 * Writes a string_t: its length, then up to 12 bytes. Longer texts wait for the native call. DuckDB does not check the
 * bytes and fails once they are read. A text that is not UTF-8, which older versions took in, is therefore stored with
 * U+FFFD.
 */
function fillTexts(buffer: Buffers, kind: ColumnKind, at: number, source: TextColumn, from: number, to: number): void {
  const { bytes, int32 } = buffer;
  const { bytes: texts, starts, ends, nulls } = source;
  for (let row = at, i = from; i < to; row++, i++) {
    const start = starts[i]!;
    const length = ends[i]! - start;
    const word = row << 2;
    int32[word + 1] = 0;
    int32[word + 2] = 0;
    int32[word + 3] = 0;
    let isInline = length <= INLINE_BYTES;
    if (isInline) {
      int32[word] = length;
      const byte = (word + 1) << 2;
      let all = 0;
      for (let j = 0; j < length; j++) all |= bytes[byte + j] = texts[start + j]!;
      isInline = all < 0x80 || kind === 'bytes' || isUtf8(texts.subarray(start, start + length));
    }
    if (!isInline) {
      int32[word] = 0;
      int32[word + 1] = 0;
      int32[word + 2] = 0;
      int32[word + 3] = 0;
      // A copy, since the block's memory may be another's when the row is handed over.
      const value = kind === 'bytes' ? new Uint8Array(texts.subarray(start, start + length)) : textAt(source, i);
      buffer.longValues.push({ row, value });
    }
  }
  if (nulls !== null) markNulls(buffer, at, nulls, from, to);
}

/** Writes whole numbers of 128 bits, the lower half first. */
function fillDecimals(
  buffer: Buffers,
  kind: ColumnKind,
  at: number,
  source: BoxedColumn,
  from: number,
  to: number,
): void {
  if (kind !== 'decimal') throw new Error('A column of DuckDB is filled from values of another kind');
  const { int64 } = buffer;
  for (let row = at, i = from; i < to; row++, i++) {
    const value = source.at(i);
    const unscaled = Buffer.isBuffer(value) ? unscaledOf(value) : 0n;
    int64[2 * row] = BigInt.asIntN(64, unscaled);
    int64[2 * row + 1] = unscaled >> 64n;
    if (value === null) markNull(buffer, row);
  }
}

function markNulls(buffer: Buffers, at: number, nulls: Uint8Array, from: number, to: number): void {
  for (let row = at, i = from; i < to; row++, i++) {
    if (nulls[i] !== 0) markNull(buffer, row);
  }
}

function markNull(buffer: Buffers, row: number): void {
  buffer.hasNull = true;
  buffer.validity[row >> 5] = buffer.validity[row >> 5]! & ~(1 << (row & 31));
}
