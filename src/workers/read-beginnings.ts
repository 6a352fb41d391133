/** Hashes of a file's beginnings, reading it once and only as far as asked. */
import { createHash } from 'node:crypto';
import type { Beginning, Beginnings } from '../sources/known-file.ts';

/** Hashes the beginnings of these lengths, in ascending order; lengths beyond the content are left out. */
export async function readBeginnings(content: AsyncIterable<Buffer>, lengths: readonly number[]): Promise<Beginnings> {
  const found = new Map<number, Beginning>();
  const hash = createHash('sha256');
  let next = 0;
  let bytes = 0;
  /** The hash of the last length that was reached exactly at the end of the bytes so far. */
  let atTheEnd: { readonly length: number; readonly sha256: string } | null = null;
  for await (const own of content) {
    if (atTheEnd !== null && own.length > 0) {
      found.set(atTheEnd.length, { sha256: atTheEnd.sha256, nextByte: own[0] ?? null });
      atTheEnd = null;
    }
    let at = 0;
    for (let length = lengths[next]; length !== undefined && length <= bytes + own.length; length = lengths[++next]) {
      hash.update(own.subarray(at, length - bytes));
      at = length - bytes;
      const sha256 = hash.copy().digest('hex');
      if (at < own.length) found.set(length, { sha256, nextByte: own[at] ?? null });
      else atTheEnd = { length, sha256 };
    }
    if (next === lengths.length && atTheEnd === null) return found;
    hash.update(own.subarray(at));
    bytes += own.length;
  }
  if (atTheEnd !== null) found.set(atTheEnd.length, { sha256: atTheEnd.sha256, nextByte: null });
  return found;
}

/** Hashes the whole content. */
export async function hashContent(
  content: AsyncIterable<Buffer>,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
