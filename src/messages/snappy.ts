/** Unpacks Snappy data. The package that unpacks believes what it reads, so the data are walked once before that. */
import { uncompress } from 'snappyjs';
import { Damage } from './avro-cursor.ts';
import { tooLong } from './unpacked-bound.ts';

/** Throws Damage for bytes that are no Snappy data, or that unpack to more than `bytesMax`. */
export function unpackSnappyData(packed: Buffer, bytesMax: number): Buffer {
  const length = checkedLength(packed, bytesMax);
  const unpacked = uncompress(packed);
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, length);
}

/**
 * Walks the elements of a snappy stream. Each must lie within the stream and copy only from earlier output, and together
 * they must come to the length at its beginning. The package that unpacks believes them; some lengths make it loop for ever.
 */
function checkedLength(data: Buffer, bytesMax: number): number {
  let at = 0;
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = data[at++];
    if (byte === undefined || scale > 2 ** 28) throw new Damage('is no snappy data');
    length += (byte & 0x7f) * scale;
    if (byte < 128) break;
  }
  if (length > bytesMax) throw tooLong(bytesMax);
  let made = 0;
  while (at < data.length) {
    const tag = data[at++]!;
    const kind = tag & 3;
    let size = (tag >>> 2) + 1;
    if (kind === 0) {
      const extra = size > 60 ? size - 60 : 0;
      if (at + extra > data.length) throw new Damage('is no snappy data');
      if (extra > 0) size = data.readUIntLE(at, extra) + 1;
      at += extra + size;
    } else {
      const offsetBytes = kind === 3 ? 4 : kind;
      if (at + offsetBytes > data.length) throw new Damage('is no snappy data');
      let offset = data.readUIntLE(at, offsetBytes);
      if (kind === 1) {
        offset += (tag >>> 5) << 8;
        size = ((tag >>> 2) & 7) + 4;
      }
      if (offset === 0 || offset > made) throw new Damage('is no snappy data');
      at += offsetBytes;
    }
    made += size;
    if (at > data.length || made > length) throw new Damage('is no snappy data');
  }
  if (made !== length) throw new Damage('is no snappy data');
  return length;
}
