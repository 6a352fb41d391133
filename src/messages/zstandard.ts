/**
 * Unpacks Zstandard data, whose frames may or may not say how long they become. Invariant: no length that the data claim
 * is allocated before it is held against the bound.
 */
import { Decompress } from 'fzstd';
import { Damage } from './avro-cursor.ts';
import { tooLong } from './unpacked-bound.ts';
import { largestWholeFrame } from './zstandard-frames.ts';

/** A block gives 128 KiB at most, so that many blocks of few bytes are stopped soon after the bound. */
const CHUNK_BYTES = 64 * 1024;
/** RFC 8878 has every decoder give 8 MiB. */
const WINDOW_BYTES_MAX = 16 * 1024 * 1024;

/** Throws Damage for bytes that are no such data, or that come to more than `bytesMax`. */
export function unpackZstandard(data: Buffer, bytesMax: number): Buffer {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    if (largestWholeFrame(data, WINDOW_BYTES_MAX) > bytesMax) throw tooLong(bytesMax);
    const stream = new Decompress((part) => {
      bytes += part.length;
      if (bytes > bytesMax) throw tooLong(bytesMax);
      parts.push(part);
    });
    for (let at = 0; at < data.length; at += CHUNK_BYTES) {
      const end = Math.min(at + CHUNK_BYTES, data.length);
      stream.push(data.subarray(at, end), end === data.length);
    }
  } catch (error) {
    if (error instanceof Damage) throw error;
    throw new Damage(`is no zstd data: ${error instanceof Error ? error.message : String(error)}`);
  }
  return Buffer.concat(parts);
}
