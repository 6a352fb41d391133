/**
 * The codecs of Kafka's record batches. kafkajs has gzip alone, without a bound, and ends a consumer that meets another
 * codec (tulios/kafkajs#1141, #1795). These unpack all four, each at most UNPACKED_BYTES_MAX.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { CompressionCodecs } from 'kafkajs';
import { compress } from 'snappyjs';
import { hasCode } from '../error-code.ts';
import { Damage } from '../messages/avro-cursor.ts';
import { unpackLz4 } from '../messages/lz4.ts';
import { unpackSnappyData } from '../messages/snappy.ts';
import { tooLong } from '../messages/unpacked-bound.ts';
import { unpackZstandard } from '../messages/zstandard.ts';

/** What one batch of records may unpack to. Brokers take batches of 1 MB, packed, unless told otherwise. */
export const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/** As a batch names them. */
const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;

/** What kafkajs gives to a codec that packs. */
interface Encoded {
  readonly buffer: Buffer;
}

interface Codec {
  compress(encoded: Encoded): Promise<Buffer>;
  decompress(packed: Buffer): Promise<Buffer>;
}

/** Makes kafkajs use these codecs, in the whole process. */
export function registerCodecs(codecs: typeof CompressionCodecs): void {
  codecs[1] = codec('gzip', GZIP, (bytes) => promisify(gzip)(bytes));
  codecs[2] = codec('snappy', SNAPPY, async (bytes) => packXerial(bytes));
  codecs[3] = codec('lz4', LZ4, null);
  codecs[4] = codec('zstd', ZSTD, null);
}

function codec(name: string, number: number, pack: ((bytes: Buffer) => Promise<Buffer>) | null): () => Codec {
  const own: Codec = {
    async compress({ buffer }) {
      if (pack === null) throw new Error(`Batches are not packed with ${name} here; use gzip or snappy`);
      return await pack(buffer);
    },
    decompress: (packed) => unpackRecords(number, packed),
  };
  return () => own;
}

/** Rejects with Damage. `codec` is the number that a batch names. */
export async function unpackRecords(codec: number, packed: Buffer): Promise<Buffer> {
  switch (codec) {
    case GZIP:
      return await gunzipped(packed, UNPACKED_BYTES_MAX);
    case SNAPPY:
      return unpackXerial(packed, UNPACKED_BYTES_MAX);
    case LZ4:
      return unpackLz4(packed, UNPACKED_BYTES_MAX);
    case ZSTD:
      return await unpackZstandard(packed, UNPACKED_BYTES_MAX);
    default:
      throw new Damage(`is packed with codec ${codec}, which no version of Kafka has`);
  }
}

export async function gunzipped(packed: Buffer, bytesMax: number): Promise<Buffer> {
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: bytesMax });
  } catch (error) {
    if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) throw tooLong(bytesMax);
    throw new Damage(`is no gzip data: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The frames of xerial's snappy-java, which Kafka's own clients write: a header, then chunks with their lengths. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER_BYTES = 16;
const CHUNK_BYTES = 32 * 1024;

/** Takes plain Snappy data too, which librdkafka writes. */
export function unpackXerial(packed: Buffer, bytesMax: number): Buffer {
  if (!packed.subarray(0, XERIAL.length).equals(XERIAL)) return unpackSnappyData(packed, bytesMax);
  const chunks: Buffer[] = [];
  let left = bytesMax;
  for (let at = XERIAL_HEADER_BYTES; at < packed.length; ) {
    const start = at + 4;
    if (start > packed.length) throw new Damage('is cut off');
    at = start + packed.readUInt32BE(start - 4);
    if (at > packed.length) throw new Damage('is cut off');
    const chunk = unpackSnappyData(packed.subarray(start, at), left);
    left -= chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function packXerial(bytes: Buffer): Buffer {
  const header = Buffer.alloc(XERIAL_HEADER_BYTES);
  XERIAL.copy(header);
  // The version, and the oldest one that can read it.
  header.writeUInt32BE(1, 8);
  header.writeUInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const packed = compress(bytes.subarray(at, at + CHUNK_BYTES));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(packed.length);
    parts.push(length, Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength));
  }
  return Buffer.concat(parts);
}
