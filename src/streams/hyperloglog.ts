/**
 * Distinct values, approximately: HyperLogLog with Ertl's estimator (O. Ertl, New cardinality estimation algorithms for
 * HyperLogLog sketches, 2017, algorithm 6), which needs no tables of corrections.
 *
 * Exact up to 256 values, of 52 bits of hash. Beyond that 4096 registers, with a standard error of
 * 1.04 / √4096 = 1.6 %, and 4 KiB a group.
 */
import type { Aggregate, AggregateValue } from './aggregate-function.ts';
import { loadNumbers, saveNumbers } from './aggregate-function.ts';

const INDEX_BITS = 12;
const REGISTERS = 1 << INDEX_BITS;
/** Bits of the hash whose leading zeros are counted. */
const RANK_BITS = 32;
const EXACT_VALUES = 256;
const TWO_32 = 0x1_0000_0000;

/** The form of a state, exact or registers, depends on its values alone, not on their order. */
interface Distinct {
  hashes: Set<number> | null;
  registers: Uint8Array | null;
}

export const distinct: Aggregate<Distinct, AggregateValue> = {
  init: () => ({ hashes: new Set(), registers: null }),
  fold(state, value) {
    hashValue(value);
    return addHash(state, high, low);
  },
  merge(into, from) {
    if (from.hashes !== null) {
      for (const hash of from.hashes) addHash(into, Math.floor(hash / TWO_32), hash % TWO_32);
    } else if (from.registers !== null) {
      const registers = registersOf(into);
      for (let i = 0; i < REGISTERS; i++) registers[i] = Math.max(registers[i]!, from.registers[i]!);
    }
    return into;
  },
  result: ({ hashes, registers }) => hashes?.size ?? estimate(registers ?? new Uint8Array(REGISTERS)),
  save({ hashes, registers }) {
    return hashes === null ? `r${Buffer.from(registers ?? []).toString('base64')}` : `h${saveNumbers([...hashes])}`;
  },
  load(text) {
    const saved = text.slice(1);
    if (text.startsWith('h')) return { hashes: new Set(loadNumbers(saved)), registers: null };
    return { hashes: null, registers: Uint8Array.from(Buffer.from(saved, 'base64')) };
  },
};

function addHash(state: Distinct, highBits: number, lowBits: number): Distinct {
  if (state.hashes !== null) {
    state.hashes.add(highBits * TWO_32 + lowBits);
    if (state.hashes.size > EXACT_VALUES) registersOf(state);
  } else addToRegisters(registersOf(state), highBits, lowBits);
  return state;
}

/** The registers of a state; it is no longer exact. */
function registersOf(state: Distinct): Uint8Array {
  if (state.registers !== null) return state.registers;
  const registers = new Uint8Array(REGISTERS);
  for (const hash of state.hashes ?? []) addToRegisters(registers, Math.floor(hash / TWO_32), hash % TWO_32);
  state.hashes = null;
  state.registers = registers;
  return registers;
}

function addToRegisters(registers: Uint8Array, highBits: number, lowBits: number): void {
  const index = highBits & (REGISTERS - 1);
  const rank = Math.clz32(lowBits) + 1;
  if (rank > registers[index]!) registers[index] = rank;
}

function estimate(registers: Uint8Array): number {
  const histogram = new Float64Array(RANK_BITS + 2);
  for (const rank of registers) histogram[rank]! += 1;
  let z = REGISTERS * tau(1 - histogram[RANK_BITS + 1]! / REGISTERS);
  for (let rank = RANK_BITS; rank >= 1; rank--) z = 0.5 * (z + histogram[rank]!);
  z += REGISTERS * sigma(histogram[0]! / REGISTERS);
  return Math.round((REGISTERS * REGISTERS) / (2 * Math.LN2 * z));
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = share;
  for (let before = Number.NaN; z !== before; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - share;
  for (let before = Number.NaN; z !== before; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}

/** The hash of hashValue(), 20 bits and 32: variables of the module, so that a hash makes no object. */
let high = 0;
let low = 0;
const bits = new DataView(new ArrayBuffer(8));

function hashValue(value: AggregateValue): void {
  let a = 0x9747b28c;
  let b = 0x3c6ef372;
  if (typeof value === 'number') {
    // 0 and -0 are one value.
    bits.setFloat64(0, value + 0);
    a = mix(bits.getInt32(0), a);
    b = mix(bits.getInt32(0), b);
    a = mix(bits.getInt32(4), a);
    b = mix(bits.getInt32(4), b);
  } else if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) {
    bits.setBigInt64(0, value);
    a = mix(bits.getInt32(4), mix(bits.getInt32(0), ~a));
    b = mix(bits.getInt32(4), mix(bits.getInt32(0), ~b));
  } else {
    const text = String(value);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = mix(code, a);
      b = mix(code, b);
    }
    a = mix(text.length, a);
    b = mix(text.length, b);
  }
  high = finish(a) & 0xfffff;
  low = finish(b) >>> 0;
}

/** A step and the finish of MurmurHash3 (A. Appleby). */
function mix(word: number, hash: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
