/**
 * Unpacks Zstandard data (RFC 8878). It is our own code, since memory must be bounded by the bytes from outside: no frame
 * gets the window that it asks for, no block more than its 128 KiB, and a sequence that would exceed them ends the data.
 * Checksums are not compared, and dictionaries are not known.
 */
import { Damage } from './avro-cursor.ts';
import { tooLong } from './unpacked-bound.ts';
import { type PrefixMemory, readLiterals } from './zstandard-literals.ts';
import { append, appendByte, BLOCK_BYTES_MAX, type Output } from './zstandard-output.ts';
import { copySequences, type SequenceMemory } from './zstandard-sequences.ts';
import { notZstandard } from './zstandard-tables.ts';

const MAGIC = 0xfd2fb528;
/** 16 magic numbers of frames that are skipped. */
const SKIPPABLE = 0x184d2a5;
/** Above 1 KiB, as the header has it. The reference decoder takes no more either; here, none is allocated. */
const WINDOW_LOG_MAX = 17;

/** Throws Damage for bytes that are not Zstandard, or that unpack to more than `bytesMax`. */
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
  const size = sizeBytes === 0 ? null : contentSize(input, at - sizeBytes, sizeBytes);
  if (size !== null && size > output.bytesMax - output.length) throw tooLong(output.bytesMax);
  const frame: PrefixMemory & SequenceMemory = {
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
  if (size !== null && output.length - frame.start !== size) throw notZstandard();
  return at + ((descriptor & 4) !== 0 ? 4 : 0);
}

function contentSize(input: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(input.readBigUInt64LE(at));
  // Two bytes begin at 256.
  return input.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

function unpackBlock(
  input: Buffer,
  start: number,
  end: number,
  frame: PrefixMemory & SequenceMemory,
  output: Output,
): void {
  const { literals, next } = readLiterals(input, start, end, frame);
  const before = output.length;
  const used = copySequences(input, next, end, literals, frame, output);
  append(output, literals.subarray(used));
  if (output.length - before > BLOCK_BYTES_MAX) throw notZstandard();
}
