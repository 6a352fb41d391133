/**
 * Reads Avro values from bytes that came from outside. Each count and length is checked against the bytes that are left
 * before it is believed, and all values together against a budget of memory.
 *
 * Bytes can be wrong in two ways. Damage is thrown: nobody knows where the next value begins, so the block can't be read
 * on. A misfit is noted in the cursor: the value does not fit the reader's schema, which concerns its record alone.
 */
import { isUtf8 } from 'node:buffer';
import { LONG_MAX } from './avro.ts';
import type { RejectReason } from './refusal.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from './well-formed.ts';

export interface Cursor {
  bytes: Buffer;
  at: number;
  /** Bytes of memory that further values may take; an estimate. */
  memoryLeft: number;
  /** How many more values of no bytes, such as nulls, may be claimed. */
  emptyLeft: number;
  /** How many values the current one lies in. */
  depth: number;
  /** The last value did not fit: why, and its path, which grows from the inside out. */
  failed: boolean;
  reason: RejectReason;
  problem: string;
  path: string[];
  /** The halves of the last whole long; the upper one has the sign. */
  high: number;
  low: number;
}

/** Bytes that contradict their schema, or exceed a bound. Nothing behind them can be read. */
export class Damage extends Error {
  /** `cut`: more bytes could mend it. `too-large`: it may be right, but is beyond the bound. */
  readonly kind: 'wrong' | 'cut' | 'too-large';
  constructor(message: string, kind: Damage['kind'] = 'wrong') {
    super(message);
    this.kind = kind;
  }
}

export function cursorOf(bytes: Buffer, memoryBytesMax: number, emptyMax: number): Cursor {
  return {
    bytes,
    at: 0,
    memoryLeft: memoryBytesMax,
    emptyLeft: emptyMax,
    depth: 0,
    failed: false,
    reason: 'wrong-type',
    problem: '',
    path: [],
    high: 0,
    low: 0,
  };
}

/** Notes a misfit. The caller may return any value. */
export function misfit(c: Cursor, reason: RejectReason, problem: string): null {
  c.failed = true;
  c.reason = reason;
  c.problem = problem;
  c.path = [];
  return null;
}

/** Adds this field or item to the path of a misfit. */
export function within(c: Cursor, step: string): null {
  c.path.unshift(step);
  return null;
}

/** How deep values nest; a record that holds a list of records counts for two. */
const DEPTH_MAX = 128;

/** Called for each value that holds others. False after a misfit. */
export function goDeeper(c: Cursor): boolean {
  c.depth += 1;
  if (c.depth > DEPTH_MAX) misfit(c, 'too-large', `is nested deeper than ${DEPTH_MAX} records and lists`);
  return !c.failed;
}

/** Reads a value as the reader's type; after a misfit nobody looks at the result. */
export type Read = (c: Cursor) => unknown;

/** Called for each value that takes memory of its own. */
export function charge(c: Cursor, bytes: number): void {
  c.memoryLeft -= bytes;
  if (c.memoryLeft < 0) throw new Damage('takes more memory than there is for it', 'too-large');
}

function cut(): Damage {
  return new Damage('ends in the middle of a value', 'cut');
}

/** NaN for a long that a number can't hold exactly. */
export function readLong(c: Cursor): number {
  const { bytes, at } = c;
  if (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte < 0x80) {
      c.at = at + 1;
      return (byte >>> 1) ^ -(byte & 1);
    }
  }
  readWholeLong(c);
  return c.high >= -SAFE_HIGH && c.high < SAFE_HIGH ? c.high * TWO_32 + c.low : Number.NaN;
}

const TWO_32 = 2 ** 32;
/** Upper halves of the longs from −2^53 to 2^53. */
const SAFE_HIGH = 2 ** 21;
const LAST_SHIFT = 63;

/** Reads a long of any size into the cursor's halves. */
export function readWholeLong(c: Cursor): void {
  const { bytes } = c;
  let { at } = c;
  let low = 0;
  let high = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length) throw cut();
    const byte = bytes[at++]!;
    const bits = byte & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high |= bits >>> 4;
    } else high |= bits << (shift - 32);
    if (shift === LAST_SHIFT && byte > 1) throw new Damage('has a whole number of more than 64 bits');
    if (byte < 0x80) break;
  }
  c.at = at;
  const sign = -(low & 1);
  c.low = (((low >>> 1) | (high << 31)) ^ sign) >>> 0;
  c.high = (high >>> 1) ^ sign;
}

/** The length in bytes of the value that follows. */
export function readLength(c: Cursor): number {
  const length = readLong(c);
  if (!(length >= 0)) throw new Damage(`has a value of ${length} bytes`);
  if (length > c.bytes.length - c.at) throw cut();
  return length;
}

/** Skips so many bytes. Returns where they begin. */
export function take(c: Cursor, bytes: number): number {
  const start = c.at;
  if (bytes > c.bytes.length - start) throw cut();
  c.at = start + bytes;
  return start;
}

export const TEXT_BYTES = 32;

export function readText(c: Cursor): string | null {
  const length = readLength(c);
  const start = take(c, length);
  charge(c, TEXT_BYTES + length);
  return textBetween(c, start, start + length);
}

const REPLACEMENT = '\uFFFD';

/** Refuses texts that are not well-formed Unicode: repaired, two keys could become one. */
export function textBetween(c: Cursor, start: number, end: number): string | null {
  const text = c.bytes.toString('utf8', start, end);
  if (!text.includes(REPLACEMENT) || isUtf8(c.bytes.subarray(start, end))) return text;
  return misfit(c, NOT_UNICODE, NOT_UNICODE_PROBLEM);
}

const BUFFER_BYTES = 128;

/** A copy, since the value outlives its block. */
export function copyOf(c: Cursor, length: number): Buffer {
  const start = take(c, length);
  charge(c, BUFFER_BYTES + length);
  return Buffer.from(c.bytes.subarray(start, start + length));
}

/**
 * How many items the next part of an array or map has, 0 at its end; each takes at least `least` bytes. A part may say its
 * size in bytes: `part.end` gets where it ends, or −1.
 */
export function readCount(c: Cursor, least: number, part: { end: number }): number {
  let count = readLong(c);
  part.end = -1;
  if (count < 0) {
    count = -count;
    const size = readLength(c);
    part.end = c.at + size;
  }
  if (!(count <= LONG_MAX)) throw new Damage('has a list of more than 2^53 items');
  const left = (part.end < 0 ? c.bytes.length : part.end) - c.at;
  if (least === 0) claimEmpty(c, count);
  else if (count > left / least) {
    throw new Damage(`has a list that claims ${count} items in ${left} bytes`, part.end < 0 ? 'cut' : 'wrong');
  }
  return count;
}

export function claimEmpty(c: Cursor, count: number): void {
  if (count > c.emptyLeft) throw new Damage(`claims ${count} values of no bytes`);
  c.emptyLeft -= count;
}

/** Checks where a part ended against the size that it claimed. */
export function checkPartEnd(c: Cursor, end: number): void {
  if (end >= 0 && c.at !== end) throw new Damage('has a list of another size than it says');
}
