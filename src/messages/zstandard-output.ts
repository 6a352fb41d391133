/** The growing output of Zstandard data, never beyond its bound. */
import { tooLong } from './unpacked-bound.ts';

/** Most bytes that a block unpacks to. */
export const BLOCK_BYTES_MAX = 128 * 1024;

export interface Output {
  bytes: Buffer;
  length: number;
  readonly bytesMax: number;
}

function makeRoom(output: Output, more: number): void {
  const needed = output.length + more;
  if (needed > output.bytesMax) throw tooLong(output.bytesMax);
  if (needed <= output.bytes.length) return;
  const larger = Buffer.alloc(Math.min(output.bytesMax, 2 * needed));
  output.bytes.copy(larger, 0, 0, output.length);
  output.bytes = larger;
}

export function append(output: Output, bytes: Uint8Array): void {
  makeRoom(output, bytes.length);
  output.bytes.set(bytes, output.length);
  output.length += bytes.length;
}

export function appendByte(output: Output, byte: number, count: number): void {
  makeRoom(output, count);
  output.bytes.fill(byte, output.length, output.length + count);
  output.length += count;
}

/** Most copies are of a few bytes, for which a loop is faster than a view. */
const SHORT_COPY = 48;

export function copyLiterals(output: Output, literals: Uint8Array, start: number, length: number): void {
  if (length > SHORT_COPY) {
    append(output, literals.subarray(start, start + length));
    return;
  }
  makeRoom(output, length);
  const { bytes } = output;
  let to = output.length;
  for (let from = start; from < start + length; to++, from++) bytes[to] = literals[from]!;
  output.length = to;
}

export function copyMatch(output: Output, offset: number, length: number): void {
  makeRoom(output, length);
  const { bytes } = output;
  let to = output.length;
  const end = to + length;
  const start = to - offset;
  if (length > SHORT_COPY && offset >= length) bytes.copyWithin(to, start, start + length);
  else for (let from = start; to < end; to++, from++) bytes[to] = bytes[from]!;
  output.length = end;
}
