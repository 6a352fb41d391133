/** Unpacks Zstandard data, whose frames may or may not say how long they become. */
import { decompress } from 'fzstd';
import { Damage } from './avro-cursor.ts';

/** Throws Damage for bytes that are no such data, or that come to more than `bytesMax`. */
export function unpackZstandard(data: Buffer, bytesMax: number): Buffer {
  const out = decompress(data);
  if (out.length > bytesMax) throw new Damage('x');
  return Buffer.from(out.buffer, out.byteOffset, out.byteLength);
}
