/** The two entropy codes of Zstandard (RFC 8878, 4), which turn bits into symbols. */
import { Damage } from './avro-cursor.ts';

export function notZstandard(): Damage {
  return new Damage('is no Zstandard data');
}

/** Bits read from the end backwards. Bits before the first byte are 0 and make `left` negative. */
export interface BackwardBits {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Not read yet. */
  left: number;
}

/** Behind the last bit of a stream come a 1 and zeros up to the byte's end. */
export function backwardBits(bytes: Uint8Array, start: number, end: number): BackwardBits {
  const last = end > start ? (bytes[end - 1] ?? 0) : 0;
  if (last === 0) throw notZstandard();
  return { bytes, start, left: 8 * (end - start - 1) + highestBit(last) };
}

/** Looks at up to 16 bits without taking them. */
export function peekBits({ bytes, start, left }: BackwardBits, count: number): number {
  let from = left - count;
  let missing = 0;
  if (from < 0) {
    missing = -from;
    from = 0;
    if (missing >= count) return 0;
  }
  const at = start + (from >> 3);
  const three = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return ((three >>> (from & 7)) & ((1 << (count - missing)) - 1)) << missing;
}

/** Takes up to 31 bits. */
export function readBits(bits: BackwardBits, count: number): number {
  if (count > 16) {
    const high = readBits(bits, count - 16);
    return high * 65_536 + readBits(bits, 16);
  }
  const from = bits.left - count;
  bits.left = from;
  if (from < 0) return peekBits({ ...bits, left: from + count }, count);
  const { bytes } = bits;
  const at = bits.start + (from >> 3);
  if (at + 2 >= bytes.length) return peekBits({ ...bits, left: from + count }, count);
  return ((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) >>> (from & 7)) & ((1 << count) - 1);
}

function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** A state gives a symbol and, with some more bits, the next state. */
export interface StateTable {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** The table for the symbols' frequencies, in parts of two to the power of the accuracy; −1 is less than one part. */
export function stateTable(counts: readonly number[], accuracy: number): StateTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(counts.length);
  let high = size;
  for (const [symbol, count] of counts.entries()) {
    if (count === -1) {
      high -= 1;
      symbols[high] = symbol;
    }
    next[symbol] = count === -1 ? 1 : count;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state]!;
    const own = next[symbol]!;
    next[symbol] = own + 1;
    bits[state] = accuracy - highestBit(own);
    bases[state] = (own << bits[state]!) - size;
  }
  return { accuracy, symbols, bits, bases };
}

/** The table of an only symbol. */
export function oneState(symbol: number): StateTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Reads the table described from `start` on, and where the description ends. */
export function readStateTable(
  bytes: Uint8Array,
  start: number,
  limit: number,
  { accuracyMax, symbolMax }: { readonly accuracyMax: number; readonly symbolMax: number },
): { readonly table: StateTable; readonly end: number } {
  let at = 8 * start;
  const read = (count: number): number => {
    const byte = at >> 3;
    if (at + count > 8 * limit) throw notZstandard();
    const three = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    const value = (three >>> (at & 7)) & ((1 << count) - 1);
    at += count;
    return value;
  };
  const accuracy = read(4) + 5;
  if (accuracy > accuracyMax) throw notZstandard();
  const counts: number[] = [];
  let left = 1 << accuracy;
  while (left > 0) {
    const width = highestBit(left + 1);
    const small = (2 << width) - 2 - left;
    let value = read(width);
    // Small values are a bit shorter.
    if (value >= small) {
      value += read(1) << width;
      if (value >= 1 << width) value -= small;
    }
    const count = value - 1;
    counts.push(count);
    left -= Math.abs(count);
    for (let repeat = count === 0 ? 3 : 0; repeat === 3; ) {
      repeat = read(2);
      for (let i = 0; i < repeat; i++) counts.push(0);
    }
    if (counts.length > symbolMax + 1) throw notZstandard();
  }
  if (left < 0) throw notZstandard();
  return { table: stateTable(counts, accuracy), end: (at + 7) >> 3 };
}

/** A prefix code: for the next bits, as many as the longest code has, the symbol that they begin with. */
export interface PrefixTable {
  readonly longest: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

const LONGEST_CODE = 11;
const WEIGHTS_MAX = 255;

export function readPrefixTable(
  bytes: Uint8Array,
  start: number,
  limit: number,
): { readonly table: PrefixTable; readonly end: number } {
  const head = bytes[start] ?? 0;
  const from = start + 1;
  const end = from + (head < 128 ? head : (head - 126) >> 1);
  if (start >= limit || end > limit) throw notZstandard();
  const weights = head < 128 ? packedWeights(bytes, from, end) : plainWeights(bytes, from, head - 127);
  return { table: prefixTable(weights), end };
}

function plainWeights(bytes: Uint8Array, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const byte = bytes[start + (i >> 1)] ?? 0;
    return (i & 1) === 0 ? byte >> 4 : byte & 15;
  });
}

/** Reads packed weights: two states take turns until the bits end. */
function packedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: from } = readStateTable(bytes, start, end, { accuracyMax: 6, symbolMax: 12 });
  const bits = backwardBits(bytes, from, end);
  const weights: number[] = [];
  let state = readBits(bits, table.accuracy);
  let other = readBits(bits, table.accuracy);
  if (bits.left < 0) throw notZstandard();
  for (;;) {
    weights.push(table.symbols[state]!);
    if (weights.length > WEIGHTS_MAX) throw notZstandard();
    const next = table.bases[state]! + readBits(bits, table.bits[state]!);
    state = other;
    other = next;
    if (bits.left < 0) {
      weights.push(table.symbols[state]!);
      return weights;
    }
  }
}

/** The table of a prefix code; the last symbol's weight is what the others leave. */
function prefixTable(weights: readonly number[]): PrefixTable {
  const sum = weights.reduce((total, weight) => total + (weight === 0 ? 0 : 2 ** (weight - 1)), 0);
  if (sum === 0 || sum >= 1 << LONGEST_CODE) throw notZstandard();
  const longest = highestBit(sum) + 1;
  const left = (1 << longest) - sum;
  if ((left & (left - 1)) !== 0) throw notZstandard();
  const all = [...weights, highestBit(left) + 1];
  const symbols = new Uint8Array(1 << longest);
  const bits = new Uint8Array(1 << longest);
  let at = 0;
  for (let weight = 1; weight <= longest; weight++) {
    for (const [symbol, own] of all.entries()) {
      if (own !== weight) continue;
      const entries = 1 << (weight - 1);
      symbols.fill(symbol, at, at + entries);
      bits.fill(longest + 1 - weight, at, at + entries);
      at += entries;
    }
  }
  return { longest, symbols, bits };
}
