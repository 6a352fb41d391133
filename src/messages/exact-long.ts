/**
 * Makes avsc read and write longs of all 64 bits. As it is (5.7.9) it refuses those beyond 2^53, and silently gets those below
 * −2^52 wrong: it computes the zig-zag in doubles, where −2n − 1 is beyond 2^53 and rounds to an even number.
 *
 * A long is a number where that is a safe integer, else a bigint. Replaces the reading, writing and checking of avsc's
 * LongType, and how its unions tell their branches apart. A long of smaller magnitude takes the same path as before.
 */
import { readBigLong } from './read-long.ts';

interface Tap {
  readonly buf: Uint8Array;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
}

/** A whole number of up to 64 bits: a bigint only where a number would not be exact. */
export type ExactLong = number | bigint;

/** From here on, a double can't hold every zig-zagged long. */
const EXACT_MAGNITUDE = 2 ** 52;

/** The one form of a whole number of 64 bits. Throws a RangeError when it has more. */
export function exactLong(value: bigint): ExactLong {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} is beyond 64 bits`);
  return value;
}

/** The whole number of up to 64 bits that a text's digits are; null for any other text. */
export function longOfText(text: string): ExactLong | null {
  if (text.length > LONGEST_TEXT || !/^[+-]?\d+$/.test(text)) return null;
  const value = BigInt(text.replace('+', ''));
  return isLong(value) ? exactLong(value) : null;
}

/** Digits and a sign; leading zeros beyond that are not believed. */
const LONGEST_TEXT = 40;

export function isLong(value: unknown): value is ExactLong {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
  return typeof value === 'number' && Number.isSafeInteger(value);
}

/** Mends the prototype of avsc's LongType. Throws when it is not what this was written for. */
export function makeLongsExact(prototype: object): void {
  const write: unknown = Reflect.get(prototype, '_write');
  if (typeof write !== 'function' || typeof Reflect.get(prototype, '_read') !== 'function') {
    throw new Error('This version of avsc reads and writes longs in another way; see src/messages/exact-long.ts');
  }
  Reflect.set(prototype, '_check', function check(this: unknown, value: unknown, _: unknown, hook: unknown): boolean {
    const isValid = isLong(value);
    if (!isValid && typeof hook === 'function') hook(value, this);
    return isValid;
  });
  Reflect.set(prototype, '_read', (tap: Tap): ExactLong => {
    const start = tap.pos;
    const value = tap.readLong();
    return value > -EXACT_MAGNITUDE && value < EXACT_MAGNITUDE ? value : exactLong(readBigLong(tap.buf, start));
  });
  Reflect.set(prototype, '_write', function writeLong(this: unknown, tap: Tap, value: unknown): void {
    if (!isLong(value)) Reflect.apply(write, this, [tap, value]);
    else if (value > -EXACT_MAGNITUDE && value < EXACT_MAGNITUDE) tap.writeLong(Number(value));
    else writeExactly(tap, BigInt(value));
  });
}

/** Makes a union take a bigint for its number, through the prototype of avsc's UnwrappedUnionType. */
export function makeUnionsTakeLongs(prototype: object): void {
  const branchOf: unknown = Reflect.get(prototype, '_getIndex');
  if (!isBranchOf(branchOf)) {
    throw new Error('This version of avsc tells branches apart in another way; see src/messages/exact-long.ts');
  }
  Reflect.set(prototype, '_getIndex', function indexOf(this: unknown, value: unknown): unknown {
    // Only the kind of value matters, and 0 is of the same.
    return branchOf.call(this, typeof value === 'bigint' ? 0 : value);
  });
}

function isBranchOf(value: unknown): value is (this: unknown, value: unknown) => unknown {
  return typeof value === 'function';
}

function writeExactly(tap: Tap, value: bigint): void {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  while (rest >= 0x80n) {
    tap.buf[tap.pos++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  tap.buf[tap.pos++] = Number(rest);
}
