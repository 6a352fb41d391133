/** Writes single Avro values into a buffer. */

/** Most bytes of a long. */
export const LONGEST_LONG = 10;

const INT_LIMIT = 2 ** 30;
const LOW_BITS = 2 ** 28;
/** Beyond this, doubles do not hold every zig-zagged long, and the general way writes it. */
const EXACT_LIMIT = 2 ** 52;

/** Returns where the long ends; NaN for a value that is no integer below 2^52. The buffer must have room for the longest. */
export function writeLong(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  if (value === (value | 0) && value < INT_LIMIT && value > -INT_LIMIT) {
    let rest = (value << 1) ^ (value >> 31);
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    return at;
  }
  if (!Number.isInteger(value) || value >= EXACT_LIMIT || value <= -EXACT_LIMIT) return Number.NaN;
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  let high = Math.floor(zigzag / LOW_BITS);
  const low = zigzag - high * LOW_BITS;
  bytes[at++] = (low & 0x7f) | 0x80;
  bytes[at++] = ((low >>> 7) & 0x7f) | 0x80;
  bytes[at++] = ((low >>> 14) & 0x7f) | 0x80;
  bytes[at++] = (low >>> 21) | 0x80;
  while (high > 0x7f) {
    bytes[at++] = (high & 0x7f) | 0x80;
    high = high >>> 7;
  }
  bytes[at++] = high;
  return at;
}

/** As writeLong(), of a number in an array. */
export function writeLongOf(bytes: Uint8Array, start: number, values: Float64Array, place: number): number {
  return writeLong(bytes, start, values[place]!);
}

const encoder = new TextEncoder();
/** Longer texts are left to native code. */
const SHORT_TEXT = 32;

/** Returns where the text ends. The buffer must have room for its length and three bytes a UTF-16 code unit. */
export function writeText(bytes: Uint8Array, start: number, text: string): number {
  const { length } = text;
  let at = start;
  if (length <= SHORT_TEXT) {
    // The length of an ASCII text of up to 63 bytes is one byte.
    bytes[at++] = length << 1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      bytes[at++] = code;
    }
    if (i === length) return at;
  }
  const encoded = encoder.encode(text);
  at = writeLong(bytes, start, encoded.length);
  bytes.set(encoded, at);
  return at + encoded.length;
}
