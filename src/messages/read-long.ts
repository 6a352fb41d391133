/** Reads Avro's longs, which are zig-zag varints, from a block. */

/** Where the last long ended. Every value writes it: as a variable of the module that costs nothing. */
let endOfLast = 0;
/** Whether a long was read that no number holds exactly. */
let sawWide = false;

export function endOfLong(): number {
  return endOfLast;
}

/** Whether readLong() has met a value beyond ±(2^53 − 1), which it rounds, since this was last asked. */
export function tookWide(): boolean {
  const saw = sawWide;
  sawWide = false;
  return saw;
}

const LOW_BITS = 2 ** 28;
const LONGEST_BYTES = 10;

/** Its lowest 28 bits fit an integer of 32, which is all that most values have. */
export function readLong(bytes: Uint8Array, start: number): number {
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
    const value = Number(readBigLong(bytes, from - 4));
    if (!Number.isSafeInteger(value)) sawWide = true;
    return value;
  }
  endOfLast = at;
  return (low & 1) === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}

/** The long whose varint begins at `start`, of 64 bits. */
export function readBigLong(bytes: Uint8Array, start: number): bigint {
  let zigzag = 0n;
  let at = start;
  for (let i = 0; i < LONGEST_BYTES; i++) {
    const byte = bytes[at++] ?? 0;
    zigzag |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) break;
  }
  endOfLast = at;
  return BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n));
}
