/** Hashes of bytes that come in chunks, while they go on to someone else or by themselves. */
import { createHash, type Hash } from 'node:crypto';

/** The same bytes; each chunk is added to `hash` before it goes on. */
export async function* hashedBytes(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The SHA-256 of all of them, in hexadecimal digits. */
export async function sha256OfContent(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}
