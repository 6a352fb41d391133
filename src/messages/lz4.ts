/**
 * Unpacks LZ4 frames. It is our own code, since memory must be bounded by the bytes from outside.
 * Source: LZ4 Frame Format 1.6.4 and LZ4 Block Format (github.com/lz4/lz4, doc/). Checksums are not compared, and
 * dictionaries are not known.
 */
import { Damage } from './avro-cursor.ts';
import { tooLong } from './unpacked-bound.ts';

const MAGIC = 0x184d2204;
const MIN_MATCH = 4;

const notLz4 = (): Damage => new Damage('is no LZ4 frame, or a damaged one');

interface Output {
  bytes: Buffer;
  length: number;
  readonly bytesMax: number;
}

/** Throws Damage for bytes that are no LZ4 frames, or that unpack to more than `bytesMax`. */
export function unpackLz4(data: Uint8Array, bytesMax: number): Buffer {
  const input = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const output: Output = { bytes: Buffer.alloc(Math.min(bytesMax, 4 * input.length)), length: 0, bytesMax };
  if (input.length === 0) throw notLz4();
  for (let at = 0; at < input.length; ) at = unpackFrame(input, at, output);
  return output.bytes.subarray(0, output.length);
}

/** Returns where the frame ends. */
function unpackFrame(input: Buffer, start: number, output: Output): number {
  if (start + 7 > input.length || input.readUInt32LE(start) !== MAGIC) throw notLz4();
  const flags = input[start + 4]!;
  if (flags >> 6 !== 1) throw notLz4();
  if ((flags & 1) !== 0) throw new Damage('needs a dictionary, which is not known');
  const hasBlockChecksums = (flags & 0x10) !== 0;
  const hasContentChecksum = (flags & 0x04) !== 0;
  // Flags, block descriptor, perhaps the size of the content, and the header's checksum.
  let at = start + 6 + ((flags & 0x08) === 0 ? 0 : 8) + 1;
  for (;;) {
    if (at + 4 > input.length) throw notLz4();
    const size = input.readUInt32LE(at);
    at += 4;
    if (size === 0) break;
    const end = at + (size & 0x7fff_ffff);
    if (end > input.length) throw notLz4();
    if (size >= 0x8000_0000) appendFrom(output, input, at, end - at);
    else unpackBlock(input, at, end, output);
    at = end + (hasBlockChecksums ? 4 : 0);
  }
  return at + (hasContentChecksum ? 4 : 0);
}

function unpackBlock(input: Buffer, start: number, end: number, output: Output): void {
  let at = start;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble !== 15) return sum;
    for (;;) {
      if (at >= end) throw notLz4();
      const byte = input[at++]!;
      sum += byte;
      if (byte !== 255) return sum;
    }
  };
  while (at < end) {
    const token = input[at++]!;
    const literals = length(token >> 4);
    if (at + literals > end) throw notLz4();
    appendFrom(output, input, at, literals);
    at += literals;
    // The last sequence has literals only.
    if (at === end) return;
    if (at + 2 > end) throw notLz4();
    const distance = input.readUInt16LE(at);
    at += 2;
    if (distance === 0 || distance > output.length) throw notLz4();
    repeat(output, distance, length(token & 15) + MIN_MATCH);
  }
}

function reserve(output: Output, more: number): void {
  const needed = output.length + more;
  if (needed > output.bytesMax) throw tooLong(output.bytesMax);
  if (needed <= output.bytes.length) return;
  const larger = Buffer.alloc(Math.min(output.bytesMax, Math.max(needed, 2 * output.bytes.length)));
  output.bytes.copy(larger, 0, 0, output.length);
  output.bytes = larger;
}

function appendFrom(output: Output, input: Buffer, from: number, length: number): void {
  reserve(output, length);
  input.copy(output.bytes, output.length, from, from + length);
  output.length += length;
}

/** Copies from the output itself; a run that reaches into what it writes repeats it. */
function repeat(output: Output, distance: number, length: number): void {
  reserve(output, length);
  const { bytes } = output;
  let to = output.length;
  let from = to - distance;
  if (distance >= length) bytes.copyWithin(to, from, from + length);
  else for (const end = to + length; to < end; ) bytes[to++] = bytes[from++]!;
  output.length += length;
}
