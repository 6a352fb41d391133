/** The bytes of a segment, compared with its footer while they are read. */

import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** What a footer says of the bytes before it, and how many those are. */
export interface SealedBody {
  readonly sha256: string;
  readonly bodyBytes: number;
}

const READ_BYTES = 1024 * 1024;

/** All bytes of the file, which are added to `hash`, a SHA-256. Throws, naming the file, when they are not what the footer says. */
export async function* sealedBytes(
  path: string,
  { sha256, bodyBytes }: SealedBody,
  hash: Hash,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const footerAt = bodyBytes - at;
    if (footerAt >= 0 && footerAt < chunk.length) {
      hash.update(chunk.subarray(0, footerAt));
      if (hash.copy().digest('hex') !== sha256) {
        throw new Error(
          `${path} is damaged: its SHA-256 is not what its footer says. It was not copied. See \`millrace journal verify\`.`,
        );
      }
      hash.update(chunk.subarray(footerAt));
    } else hash.update(chunk);
    at += chunk.length;
    yield chunk;
  }
}
