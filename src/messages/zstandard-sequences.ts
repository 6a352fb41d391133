/** The sequences of a compressed block: copies of literals and of earlier output by turns (RFC 8878, 3.1.1.3.2). */
import { BLOCK_BYTES_MAX, copyLiterals, copyMatch, type Output } from './zstandard-output.ts';
import {
  backwardBits,
  notZstandard,
  oneState,
  readBits,
  readStateTable,
  type StateTable,
  stateTable,
} from './zstandard-tables.ts';

/** State that a block leaves to the next block of its frame. */
export interface SequenceMemory {
  /** Where the frame begins in the output; no copy reaches further back. */
  readonly start: number;
  lengths: StateTable | null;
  offsets: StateTable | null;
  matches: StateTable | null;
  readonly recent: [number, number, number];
}

const few = (count: number, of: number): number[] => Array.from({ length: count }, () => of);
const steps = (bits: Uint8Array, first: number): Int32Array => {
  let base = first;
  return Int32Array.from(bits, (own) => {
    const start = base;
    base += 2 ** own;
    return start;
  });
};
const LENGTH_BITS = Uint8Array.from([...few(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCH_BITS = Uint8Array.from([
  ...few(32, 0),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  4,
  5,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
]);
const LENGTH_BASES = steps(LENGTH_BITS, 0);
const MATCH_BASES = steps(MATCH_BITS, 3);
const OFFSET_CODE_MAX = 31;
const OFFSET_BASES = Float64Array.from({ length: OFFSET_CODE_MAX + 1 }, (_, code) => 2 ** code);

const KNOWN_LENGTHS = stateTable([4, 3, ...few(11, 2), 1, 1, 1, ...few(9, 2), 3, 2, ...few(5, 1), ...few(4, -1)], 6);
const KNOWN_MATCHES = stateTable([1, 4, 3, ...few(6, 2), ...few(37, 1), ...few(7, -1)], 6);
const KNOWN_OFFSETS = stateTable([...few(6, 1), 2, 2, 2, ...few(15, 1), ...few(5, -1)], 5);

/** Copies literals and earlier output by turns. Returns how many literals it used. */
export function copySequences(
  input: Buffer,
  start: number,
  end: number,
  literals: Uint8Array,
  frame: SequenceMemory,
  output: Output,
): number {
  let at = start;
  const byte = (): number => {
    if (at >= end) throw notZstandard();
    return input[at++] ?? 0;
  };
  let count = byte();
  if (count === 255) count = byte() + byte() * 256 + 0x7f00;
  else if (count > 127) count = (count - 128) * 256 + byte();
  if (count === 0) {
    if (at !== end) throw notZstandard();
    return 0;
  }
  const modes = byte();
  const table = (mode: number, known: StateTable, last: StateTable | null, accuracyMax: number, symbolMax: number) => {
    if (mode === 0) return known;
    if (mode === 1) {
      const symbol = byte();
      if (symbol > symbolMax) throw notZstandard();
      return oneState(symbol);
    }
    if (mode === 3 && last !== null) return last;
    if (mode === 3) throw notZstandard();
    const read = readStateTable(input, at, end, { accuracyMax, symbolMax });
    at = read.end;
    return read.table;
  };
  if ((modes & 3) !== 0) throw notZstandard();
  const lengths = table(modes >> 6, KNOWN_LENGTHS, frame.lengths, 9, LENGTH_BITS.length - 1);
  const offsets = table((modes >> 4) & 3, KNOWN_OFFSETS, frame.offsets, 8, OFFSET_CODE_MAX);
  const matches = table((modes >> 2) & 3, KNOWN_MATCHES, frame.matches, 9, MATCH_BITS.length - 1);
  Object.assign(frame, { lengths, offsets, matches });

  const bits = backwardBits(input, at, end);
  let lengthState = readBits(bits, lengths.accuracy);
  let offsetState = readBits(bits, offsets.accuracy);
  let matchState = readBits(bits, matches.accuracy);
  let used = 0;
  let made = 0;
  for (let i = 0; i < count; i++) {
    const offsetCode = offsets.symbols[offsetState]!;
    const matchCode = matches.symbols[matchState]!;
    const lengthCode = lengths.symbols[lengthState]!;
    const offsetValue = OFFSET_BASES[offsetCode]! + readBits(bits, offsetCode);
    const match = MATCH_BASES[matchCode]! + readBits(bits, MATCH_BITS[matchCode]!);
    const length = LENGTH_BASES[lengthCode]! + readBits(bits, LENGTH_BITS[lengthCode]!);
    if (i < count - 1) {
      lengthState = lengths.bases[lengthState]! + readBits(bits, lengths.bits[lengthState]!);
      matchState = matches.bases[matchState]! + readBits(bits, matches.bits[matchState]!);
      offsetState = offsets.bases[offsetState]! + readBits(bits, offsets.bits[offsetState]!);
    }
    made += length + match;
    if (bits.left < 0 || made > BLOCK_BYTES_MAX || used + length > literals.length) throw notZstandard();
    copyLiterals(output, literals, used, length);
    used += length;
    const offset = offsetOf(offsetValue, length === 0, frame.recent);
    if (offset > output.length - frame.start || offset < 1) throw notZstandard();
    copyMatch(output, offset, match);
  }
  if (bits.left !== 0) throw notZstandard();
  return used;
}

/** The offset of a value: the three newest have short codes, which shift when there were no literals. */
function offsetOf(value: number, isBare: boolean, recent: [number, number, number]): number {
  const [first, second, third] = recent;
  const name = value > 3 ? 4 : value + Number(isBare);
  if (name === 1) return first;
  const offset = value > 3 ? value - 3 : name === 2 ? second : name === 3 ? third : first - 1;
  if (name !== 2) recent[2] = second;
  recent[1] = first;
  recent[0] = offset;
  return offset;
}
