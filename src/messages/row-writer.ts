/** Writes rows of columns to Avro without an object a row; texts are copied as bytes. */
import type { Column } from './columns.ts';
import { BOOLEAN, DECIMAL, DOUBLE, FLOAT, TEXT, type WrittenField } from './flat-fields.ts';
import { LONGEST_LONG, writeLong } from './write-value.ts';

/** A field and its column, in one form for numbers and texts. */
export interface RowField {
  readonly op: WrittenField['op'];
  readonly nullBranch: number;
  readonly nulls: Uint8Array | null;
  /** Empty for a text. */
  readonly values: Float64Array;
  /** Empty for a number. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly text: DataView;
}

const NO_NUMBERS = new Float64Array(0);
const NO_PLACES = new Uint32Array(0);
const NO_TEXT = new DataView(new ArrayBuffer(0));

/** Throws for a column of boxed values that are no decimals. */
export function rowField({ op, nullBranch }: WrittenField, column: Column): RowField {
  const { nulls } = column;
  if (column.kind === 'boxed') {
    if (op !== DECIMAL) throw new Error('A boxed value is written by its own schema');
    // Without its digits as numbers no row is written here.
    const values = column.unscaled ?? NO_NUMBERS;
    return { op, nullBranch, nulls, values, starts: NO_PLACES, ends: NO_PLACES, text: NO_TEXT };
  }
  if (column.kind === 'number') {
    return { op, nullBranch, nulls, values: column.values, starts: NO_PLACES, ends: NO_PLACES, text: NO_TEXT };
  }
  const { bytes, starts, ends } = column;
  const text = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { op, nullBranch, nulls, values: NO_NUMBERS, starts, ends, text };
}

/** Most bytes of a field without a text's own bytes: the branch of its union, and a number or a length. */
const FIELD_BYTES = 1 + LONGEST_LONG;

/**
 * Returns where the row ends; minus the bytes that it lacks at most; or NaN for a number that can't be written here. `view`
 * shows the same bytes.
 */
export function writeRow(
  fields: readonly RowField[],
  row: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
): number {
  let at = start;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    const { op, nullBranch, nulls } = field;
    if (at + FIELD_BYTES > bytes.length) return -FIELD_BYTES;
    if (nullBranch >= 0) {
      // A union is its branch's number, zig-zagged, then the value.
      const isNull = (nulls !== null && nulls[row] === 1) || (op !== TEXT && Number.isNaN(field.values[row]));
      bytes[at++] = (isNull ? nullBranch : 1 - nullBranch) * 2;
      if (isNull) continue;
    }
    if (op === TEXT) {
      const first = field.starts[row]!;
      const length = field.ends[row]! - first;
      at = writeLong(bytes, at, length);
      if (at + length > bytes.length) return -length;
      copy(field.text, first, view, at, length);
      at += length;
    } else if (op === DOUBLE) {
      view.setFloat64(at, field.values[row]!, true);
      at += 8;
    } else if (op === FLOAT) {
      view.setFloat32(at, field.values[row]!, true);
      at += 4;
    } else if (op === BOOLEAN) bytes[at++] = field.values[row]!;
    else if (op === DECIMAL) {
      at = writeUnscaled(bytes, at, field.values[row] ?? Number.NaN);
      if (Number.isNaN(at)) return at;
    } else {
      at = writeLong(bytes, at, field.values[row]!);
      if (Number.isNaN(at)) return at;
    }
  }
  return at;
}

/** The fewest bytes of two's complement, behind their number. NaN for what is no safe integer. */
function writeUnscaled(bytes: Uint8Array, start: number, value: number): number {
  if (!Number.isSafeInteger(value)) return Number.NaN;
  const magnitude = value < 0 ? -value - 1 : value;
  let length = 1;
  for (let end = 128; magnitude >= end; end *= 256) length += 1;
  bytes[start] = length * 2;
  let rest = value;
  for (let at = start + length; at > start; at--) {
    const above = Math.floor(rest / 256);
    bytes[at] = rest - above * 256;
    rest = above;
  }
  return start + 1 + length;
}

/** Four bytes at a time: most texts are so short that a call into native code costs more. */
function copy(from: DataView, first: number, to: DataView, start: number, length: number): void {
  const words = length & ~3;
  let i = 0;
  for (; i < words; i += 4) to.setUint32(start + i, from.getUint32(first + i));
  for (; i < length; i++) to.setUint8(start + i, from.getUint8(first + i));
}
