/**
 * Unpacks Zstandard data (RFC 8878). Of our own, since what is made of bytes from outside must be bounded by them: no frame
 * is given the window that it asks for, no block more than the 128 KiB that it may come to, and a sequence that would go
 * beyond ends it. Checksums are not compared, and dictionaries are not known.
 */
import { Damage } from './avro-cursor.ts';
import { tooLong } from './unpacked-bound.ts';
import {
  backwardBits,
  notZstandard,
  oneState,
  type PrefixTable,
  peekBits,
  readBits,
  readPrefixTable,
  readStateTable,
  type StateTable,
  stateTable,
} from './zstandard-tables.ts';

const MAGIC = 0xfd2fb528;
/** 16 magic numbers of frames that are skipped. */
const SKIPPABLE = 0x184d2a5;
const BLOCK_BYTES_MAX = 128 * 1024;
/** Above 1 KiB, as the header has it. The reference decoder takes no more either; here, none is allocated. */
const WINDOW_LOG_MAX = 17;

interface Output {
  bytes: Buffer;
  length: number;
  readonly bytesMax: number;
}

/** What blocks of a frame hand on to the next. */
interface Frame {
  /** Where it begins in the output: nothing is copied from before. */
  readonly start: number;
  prefixes: PrefixTable | null;
  lengths: StateTable | null;
  offsets: StateTable | null;
  matches: StateTable | null;
  readonly recent: [number, number, number];
}

/** Throws Damage for bytes that are no such data, or that come to more than `bytesMax`. */
export function unpackZstandard(data: Uint8Array, bytesMax: number): Buffer {
  const input = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const output: Output = { bytes: Buffer.alloc(Math.min(bytesMax, 4 * input.length)), length: 0, bytesMax };
  for (let at = 0; at < input.length; ) {
    if (input.length - at < 8) throw notZstandard();
    const magic = input.readUInt32LE(at);
    if (magic >>> 4 === SKIPPABLE) at += 8 + input.readUInt32LE(at + 4);
    else if (magic === MAGIC) at = unpackFrame(input, at + 4, output);
    else throw notZstandard();
    if (at > input.length) throw notZstandard();
  }
  return output.bytes.subarray(0, output.length);
}

/** Returns where the frame ends. */
function unpackFrame(input: Buffer, start: number, output: Output): number {
  const descriptor = input[start] ?? 0;
  const isWhole = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = descriptor >> 6 === 0 ? Number(isWhole) : 1 << (descriptor >> 6);
  const dictionaryAt = start + 1 + Number(!isWhole);
  let at = dictionaryAt + dictionaryBytes + sizeBytes;
  if ((descriptor & 8) !== 0 || at > input.length) throw notZstandard();
  if (!isWhole && (input[start + 1] ?? 0) >> 3 > WINDOW_LOG_MAX) throw new Damage('asks for a window of over 128 MiB');
  if (input.subarray(dictionaryAt, dictionaryAt + dictionaryBytes).some((byte) => byte !== 0)) {
    throw new Damage('needs a dictionary, which is not known');
  }
  const frame: Frame = {
    start: output.length,
    prefixes: null,
    lengths: null,
    offsets: null,
    matches: null,
    recent: [1, 4, 8],
  };
  for (let isLast = false; !isLast; ) {
    if (at + 3 > input.length) throw notZstandard();
    const head = input.readUIntLE(at, 3);
    const size = head >> 3;
    const kind = (head >> 1) & 3;
    isLast = (head & 1) === 1;
    const end = at + 3 + (kind === 1 ? 1 : size);
    if (end > input.length || size > BLOCK_BYTES_MAX) throw notZstandard();
    if (kind === 0) append(output, input.subarray(at + 3, end));
    else if (kind === 1) appendByte(output, input[at + 3] ?? 0, size);
    else if (kind === 2) unpackBlock(input, at + 3, end, frame, output);
    else throw notZstandard();
    at = end;
  }
  return at + ((descriptor & 4) !== 0 ? 4 : 0);
}

function makeRoom(output: Output, more: number): void {
  const needed = output.length + more;
  if (needed > output.bytesMax) throw tooLong(output.bytesMax);
  if (needed <= output.bytes.length) return;
  const larger = Buffer.alloc(Math.min(output.bytesMax, 2 * needed));
  output.bytes.copy(larger, 0, 0, output.length);
  output.bytes = larger;
}

function append(output: Output, bytes: Uint8Array): void {
  makeRoom(output, bytes.length);
  output.bytes.set(bytes, output.length);
  output.length += bytes.length;
}

function appendByte(output: Output, byte: number, count: number): void {
  makeRoom(output, count);
  output.bytes.fill(byte, output.length, output.length + count);
  output.length += count;
}

function unpackBlock(input: Buffer, start: number, end: number, frame: Frame, output: Output): void {
  const { literals, next } = readLiterals(input, start, end, frame);
  const before = output.length;
  const used = copySequences(input, next, end, literals, frame, output);
  append(output, literals.subarray(used));
  if (output.length - before > BLOCK_BYTES_MAX) throw notZstandard();
}

interface Literals {
  readonly literals: Uint8Array;
  /** Where what follows them begins. */
  readonly next: number;
}

function readLiterals(input: Buffer, start: number, end: number, frame: Frame): Literals {
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

/** Four streams side by side, of which the first three say how long they are. */
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
  for (let i = 0; i < into.length; i++) {
    const code = peekBits(bits, longest);
    into[i] = symbols[code]!;
    bits.left -= lengths[code]!;
  }
  if (bits.left !== 0) throw notZstandard();
}

const steps = (bits: readonly number[], first: number): number[] => {
  let base = first;
  return bits.map((own) => {
    const start = base;
    base += 2 ** own;
    return start;
  });
};
const LENGTH_BITS = [...Array(16).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const MATCH_BITS = [...Array(32).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const LENGTH_BASES = steps(LENGTH_BITS, 0);
const MATCH_BASES = steps(MATCH_BITS, 3);
const OFFSET_CODE_MAX = 31;

const few = (count: number, of: number): number[] => Array(count).fill(of);
const KNOWN_LENGTHS = stateTable([4, 3, ...few(11, 2), 1, 1, 1, ...few(9, 2), 3, 2, ...few(5, 1), ...few(4, -1)], 6);
const KNOWN_MATCHES = stateTable([1, 4, 3, ...few(6, 2), ...few(37, 1), ...few(7, -1)], 6);
const KNOWN_OFFSETS = stateTable([...few(6, 1), 2, 2, 2, ...few(15, 1), ...few(5, -1)], 5);

/** Copies literals and what was there before by turns. Returns how many literals it has used. */
function copySequences(
  input: Buffer,
  start: number,
  end: number,
  literals: Uint8Array,
  frame: Frame,
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
  makeRoom(output, 0);
  for (let i = 0; i < count; i++) {
    const offsetCode = offsets.symbols[offsetState]!;
    const matchCode = matches.symbols[matchState]!;
    const lengthCode = lengths.symbols[lengthState]!;
    const offsetValue = 2 ** offsetCode + readBits(bits, offsetCode);
    const match = MATCH_BASES[matchCode]! + readBits(bits, MATCH_BITS[matchCode]!);
    const length = LENGTH_BASES[lengthCode]! + readBits(bits, LENGTH_BITS[lengthCode]!);
    if (i < count - 1) {
      lengthState = lengths.bases[lengthState]! + readBits(bits, lengths.bits[lengthState]!);
      matchState = matches.bases[matchState]! + readBits(bits, matches.bits[matchState]!);
      offsetState = offsets.bases[offsetState]! + readBits(bits, offsets.bits[offsetState]!);
    }
    made += length + match;
    if (bits.left < 0 || made > BLOCK_BYTES_MAX || used + length > literals.length) throw notZstandard();
    append(output, literals.subarray(used, used + length));
    used += length;
    const offset = offsetOf(offsetValue, length === 0, frame.recent);
    if (offset > output.length - frame.start || offset < 1) throw notZstandard();
    copyMatch(output, offset, match);
  }
  if (bits.left !== 0) throw notZstandard();
  return used;
}

/** The three newest offsets have short names, which mean others when there were no literals. */
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

function copyMatch(output: Output, offset: number, length: number): void {
  makeRoom(output, length);
  const { bytes } = output;
  let to = output.length;
  const end = to + length;
  for (let from = to - offset; to < end; to++, from++) bytes[to] = bytes[from]!;
  output.length = end;
}
