/**
 * Unpacks the blocks of object container files. The unpacked length is bounded beforehand, since few packed bytes can stand
 * for very many.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { hasCode } from '../error-code.ts';
import { Damage } from './avro-cursor.ts';
import { unpackSnappyData } from './snappy.ts';
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
    if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) throw tooLong(bytesMax);
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
  const unpacked = unpackSnappyData(packed, bytesMax);
  if (crc32(unpacked) !== data.readUInt32BE(data.length - CHECKSUM_BYTES)) throw new Damage('has another checksum');
  return unpacked;
}
