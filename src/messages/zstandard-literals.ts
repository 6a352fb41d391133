/** Literals, the first part of a compressed block: bytes that its sequences copy (RFC 8878, 3.1.1.3.1). */
import { BLOCK_BYTES_MAX } from './zstandard-output.ts';
import { backwardBits, notZstandard, type PrefixTable, peekBits, readPrefixTable } from './zstandard-tables.ts';

/** The prefix code of the frame's previous block, which the next may reuse. */
export interface PrefixMemory {
  prefixes: PrefixTable | null;
}

export interface Literals {
  readonly literals: Uint8Array;
  /** Where the next part begins. */
  readonly next: number;
}

export function readLiterals(input: Buffer, start: number, end: number, frame: PrefixMemory): Literals {
  const first = input[start] ?? 0;
  const kind = first & 3;
  const format = (first >> 2) & 3;
  if (kind < 2) {
    const headBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
    if (start + headBytes > end) throw notZstandard();
    const size = input.readUIntLE(start, headBytes) >> (headBytes === 1 ? 3 : 4);
    const from = start + headBytes;
    const next = from + (kind === 0 ? size : 1);
    if (next > end || size > BLOCK_BYTES_MAX) throw notZstandard();
    return { literals: kind === 0 ? input.subarray(from, next) : Buffer.alloc(size, input[from]), next };
  }
  const headBytes = format < 2 ? 3 : format + 2;
  const width = format < 2 ? 10 : 4 * format + 6;
  if (start + headBytes > end) throw notZstandard();
  const sizes = Math.floor(input.readUIntLE(start, headBytes) / 16);
  const size = sizes % 2 ** width;
  let from = start + headBytes;
  const next = from + Math.floor(sizes / 2 ** width);
  if (next > end || size > BLOCK_BYTES_MAX) throw notZstandard();
  if (kind === 2) {
    const prefixes = readPrefixTable(input, from, next);
    frame.prefixes = prefixes.table;
    from = prefixes.end;
  }
  if (frame.prefixes === null) throw notZstandard();
  const literals = Buffer.alloc(size);
  if (format === 0) readPrefixed(input, from, next, literals, frame.prefixes);
  else readFour(input, from, next, literals, frame.prefixes);
  return { literals, next };
}

/** Reads four streams side by side; the first three state their length. */
function readFour(input: Buffer, start: number, end: number, literals: Buffer, prefixes: PrefixTable): void {
  if (start + 6 > end) throw notZstandard();
  const part = (literals.length + 3) >> 2;
  let from = start + 6;
  for (let i = 0; i < 4; i++) {
    const to = i === 3 ? end : from + input.readUInt16LE(start + 2 * i);
    if (to > end) throw notZstandard();
    readPrefixed(input, from, to, literals.subarray(i * part, i === 3 ? literals.length : (i + 1) * part), prefixes);
    from = to;
  }
}

function readPrefixed(input: Buffer, start: number, end: number, into: Buffer, prefixes: PrefixTable): void {
  const { longest, symbols, bits: lengths } = prefixes;
  const bits = backwardBits(input, start, end);
  const mask = (1 << longest) - 1;
  const count = into.length;
  let { left } = bits;
  let i = 0;
  // All but the last few bits come from whole bytes, without a call for each code.
  for (; i < count && left >= longest + 16; i++) {
    const from = left - longest;
    const at = start + (from >> 3);
    const three = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16);
    const code = (three >>> (from & 7)) & mask;
    into[i] = symbols[code]!;
    left -= lengths[code]!;
  }
  bits.left = left;
  for (; i < count; i++) {
    const code = peekBits(bits, longest);
    into[i] = symbols[code]!;
    bits.left -= lengths[code]!;
  }
  if (bits.left !== 0) throw notZstandard();
}
