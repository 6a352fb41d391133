/**
 * Mends Avro longs below −2^52, which avsc 5.7.9 silently gets wrong: it computes the zig-zag in doubles, where −2n − 1 is
 * beyond 2^53 and rounds to an even number, so that such a long is written and read as a positive one.
 *
 * Replaces the reading and writing of avsc's LongType. A long of smaller magnitude takes the same path as before.
 */
interface Tap {
  readonly buf: Uint8Array;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
}

/** From here on, a double can't hold every zig-zagged long. */
const EXACT_MAGNITUDE = 2 ** 52;
const LONGEST_BYTES = 10;

/** Mends the prototype of avsc's LongType. Throws when it is not what this was written for. */
export function makeLongsExact(prototype: object): void {
  const write: unknown = Reflect.get(prototype, '_write');
  if (typeof write !== 'function' || typeof Reflect.get(prototype, '_read') !== 'function') {
    throw new Error('This version of avsc reads and writes longs in another way; see src/messages/exact-long.ts');
  }
  Reflect.set(prototype, '_read', (tap: Tap): number => {
    const start = tap.pos;
    const value = tap.readLong();
    return value > -EXACT_MAGNITUDE && value < EXACT_MAGNITUDE ? value : readExactly(tap.buf, start);
  });
  Reflect.set(prototype, '_write', function writeLong(this: unknown, tap: Tap, value: unknown): void {
    if (!Number.isSafeInteger(value) || typeof value !== 'number') Reflect.apply(write, this, [tap, value]);
    else if (value > -EXACT_MAGNITUDE) tap.writeLong(value);
    else writeExactly(tap, value);
  });
}

/** The long whose varint begins at `start`. Throws when a number can't hold it exactly. */
export function readExactly(bytes: Uint8Array, start: number): number {
  let zigzag = 0n;
  for (let i = 0; i < LONGEST_BYTES; i++) {
    const byte = bytes[start + i] ?? 0;
    zigzag |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) break;
  }
  const value = Number((zigzag >> 1n) ^ -(zigzag & 1n));
  if (!Number.isSafeInteger(value)) throw new Error('A long beyond ±(2^53 − 1) has no exact form as a number');
  return value;
}

function writeExactly(tap: Tap, value: number): void {
  let rest = (BigInt(value) << 1n) ^ -1n;
  while (rest >= 0x80n) {
    tap.buf[tap.pos++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  tap.buf[tap.pos++] = Number(rest);
}
