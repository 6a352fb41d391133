/** Writes rows of columns to Avro, without an object a row: texts go over as the bytes that they are. */
import type { Column } from './columns.ts';
import { BOOLEAN, DOUBLE, FLOAT, type FlatField, TEXT } from './flat-fields.ts';
import { LONGEST_LONG, writeLong } from './write-value.ts';

/** A shorter text is copied faster byte by byte. */
const SHORT_TEXT = 48;
/** Of any field, but for the bytes of a text: the branch of its union, and a number or a length. */
const FIELD_BYTES = 1 + LONGEST_LONG;

/**
 * A row of the columns of these fields. Returns where it ends; minus the bytes that it lacks at most; or NaN for a number
 * that is not written here.
 */
export function writeRow(
  fields: readonly FlatField[],
  columns: readonly Column[],
  row: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
): number {
  let room = fields.length * FIELD_BYTES;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    if (column.kind === 'text') room += column.ends[row]! - column.starts[row]!;
  }
  if (start + room > bytes.length) return -room;
  let at = start;
  for (let i = 0; i < fields.length; i++) {
    const { op, nullBranch } = fields[i]!;
    const column = columns[i]!;
    if (nullBranch >= 0) {
      // A union is its branch's number, zig-zagged, then the value.
      const isNull = column.nulls !== null && column.nulls[row] === 1;
      bytes[at++] = (isNull ? nullBranch : 1 - nullBranch) * 2;
      if (isNull) continue;
    }
    if (column.kind === 'text') {
      at = writeBytes(bytes, at, column.bytes, column.starts[row]!, column.ends[row]!);
      continue;
    }
    const value = column.values[row]!;
    if (op === DOUBLE) {
      view.setFloat64(at, value, true);
      at += 8;
    } else if (op === FLOAT) {
      view.setFloat32(at, value, true);
      at += 4;
    } else if (op === BOOLEAN) bytes[at++] = value;
    else if (op === TEXT) return Number.NaN;
    else {
      at = writeLong(bytes, at, value);
      if (Number.isNaN(at)) return at;
    }
  }
  return at;
}

function writeBytes(bytes: Uint8Array, start: number, from: Uint8Array, first: number, end: number): number {
  let at = writeLong(bytes, start, end - first);
  if (end - first > SHORT_TEXT) {
    bytes.set(from.subarray(first, end), at);
    return at + end - first;
  }
  for (let i = first; i < end; i++) bytes[at++] = from[i]!;
  return at;
}
