/**
 * Hashes the grouping keys of a block. The partitioner's hash would not do: the keys of one partition are not spread by it.
 */
import { type TextColumn, textAt } from '../messages/columns.ts';
import type { Key, KeyColumn } from './key-column.ts';

const NULL_HASH = 0;
/** A byte beyond ASCII: texts with one are hashed and compared as strings. */
const BEYOND_ASCII = 0x80;

const float = new Float64Array(1);
const words = new Int32Array(float.buffer);

/** Hashes the keys of the first `count` rows; without a column all keys are null. */
export function hashKeys(column: KeyColumn | null, count: number, into: Int32Array): void {
  if (column === null) {
    into.fill(NULL_HASH, 0, count);
    return;
  }
  if (column.kind === 'number') {
    const { values, exact } = column;
    for (let row = 0; row < count; row++) into[row] = hashNumber(values[row]!);
    if (exact !== null) hashWide(values, exact, count, into);
  } else {
    const { bytes, starts, ends } = column;
    for (let row = 0; row < count; row++) {
      let hash = FNV_OFFSET;
      const end = ends[row]!;
      for (let i = starts[row]!; i < end; i++) {
        const byte = bytes[i]!;
        if (byte >= BEYOND_ASCII) {
          hash = foldText(textAt(column, row));
          break;
        }
        hash = Math.imul(hash ^ byte, FNV_PRIME);
      }
      into[row] = mix(hash);
    }
  }
  const { nulls } = column;
  if (nulls !== null) for (let row = 0; row < count; row++) if (nulls[row] === 1) into[row] = NULL_HASH;
}

/** Longs that no number holds exactly have a hash of all their bits. */
function hashWide(values: Float64Array, exact: BigInt64Array, count: number, into: Int32Array): void {
  for (let row = 0; row < count; row++) {
    if (Math.abs(values[row]!) > Number.MAX_SAFE_INTEGER) into[row] = hashBig(exact[row]!);
  }
}

function hashBig(key: bigint): number {
  return mix(Number(BigInt.asIntN(32, key)) ^ Math.imul(Number(BigInt.asIntN(32, key >> 32n)), 0x9e3779b1));
}

export function hashOf(key: Key): number {
  if (key === null) return NULL_HASH;
  if (typeof key === 'bigint') return hashBig(key);
  return typeof key === 'number' ? hashNumber(key) : mix(foldText(key));
}

/** Whether a row's key equals `key`. The row's key is not null, and `key` is no number. */
export function isOtherKeyAt(column: KeyColumn, row: number, key: Key): boolean {
  if (column.kind === 'text') return typeof key === 'string' && isTextAt(column, row, key);
  if (typeof key === 'bigint') return column.exact !== null && column.exact[row] === key;
  return key === null && Number.isNaN(column.values[row]);
}

/** Whether a row's text, which is not null, equals `key`. */
function isTextAt({ bytes, starts, ends }: TextColumn, row: number, text: string): boolean {
  const start = starts[row]!;
  const length = ends[row]! - start;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!;
    if (byte >= BEYOND_ASCII) return bytes.toString('utf8', start, start + length) === text;
    if (byte !== text.charCodeAt(i)) return false;
  }
  return length === text.length;
}

/** 0 and -0 are one key. NaN stands for a number that is not finite, which is null. */
function hashNumber(value: number): number {
  if (Number.isNaN(value)) return NULL_HASH;
  float[0] = value + 0;
  return mix(words[0]! ^ Math.imul(words[1]!, 0x9e3779b1));
}

/** FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo) over UTF-16 units, which equal the bytes of an ASCII text. */
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

function foldText(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash;
}

/** The last steps of SplitMix32, which make each bit of a hash depend on all input. */
function mix(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  const whole = Math.imul(half ^ (half >>> 15), 0x735a2d97);
  return whole ^ (whole >>> 15);
}
