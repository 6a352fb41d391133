/**
 * Unpacks the blocks of object container files. The unpacked length is bounded beforehand, since few packed bytes can stand
 * for very many.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { uncompress } from 'snappyjs';
import { Damage } from './avro-cursor.ts';
import { tooLong } from './unpacked-bound.ts';
import { unpackZstandard } from './zstandard.ts';

/** Throws Damage for bytes that are not of this codec, or unpack to more than `bytesMax`. */
export type Unpack = (data: Buffer, bytesMax: number) => Buffer;

const UNPACKERS: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['null', plain],
  ['deflate', inflate],
  ['snappy', unpackSnappy],
  ['zstandard', unpackZstandard],
]);

/** Throws for an unknown codec, naming the known ones. */
export function unpackerOf(codec: string): Unpack {
  const unpack = UNPACKERS.get(codec);
  if (unpack !== undefined) return unpack;
  const known = [...UNPACKERS.keys()].join(', ');
  throw new Error(`its codec is ${codec.slice(0, 60)}, which is not read; write it with one of ${known}`);
}

function plain(data: Buffer, bytesMax: number): Buffer {
  if (data.length > bytesMax) throw tooLong(bytesMax);
  return data;
}

function inflate(data: Buffer, bytesMax: number): Buffer {
  try {
    const inflated: unknown = inflateRawSync(data, { maxOutputLength: Math.max(1, bytesMax), info: true });
    if (!isInflated(inflated)) throw new Error('This Node does not say how much it has inflated');
    if (data.length - inflated.engine.bytesWritten > ADLER_BYTES) throw new Damage('goes on behind its deflate data');
    return inflated.buffer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(bytesMax);
    if (error instanceof Damage) throw error;
    throw new Damage(`is no deflate data: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Some writers leave zlib's checksum, or a part of it, behind the data. */
const ADLER_BYTES = 4;

/** What Node returns with `info`, which its types leave out. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function isInflated(value: unknown): value is Inflated {
  return typeof value === 'object' && value !== null && 'engine' in value && 'buffer' in value;
}

const CHECKSUM_BYTES = 4;

/** Avro appends the CRC-32 of the unpacked bytes, highest byte first. */
function unpackSnappy(data: Buffer, bytesMax: number): Buffer {
  if (data.length < CHECKSUM_BYTES) throw new Damage('is too short for snappy data and its checksum');
  const packed = data.subarray(0, data.length - CHECKSUM_BYTES);
  const length = checkedSnappyLength(packed, bytesMax);
  const unpacked = uncompress(packed);
  if (crc32(unpacked) !== data.readUInt32BE(data.length - CHECKSUM_BYTES)) throw new Damage('has another checksum');
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, length);
}

/**
 * Walks the elements of a snappy stream. Each must lie within the stream and copy only from earlier output, and together
 * they must come to the length at its beginning. The package that unpacks believes them; some lengths make it loop for ever.
 */
function checkedSnappyLength(data: Buffer, bytesMax: number): number {
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
