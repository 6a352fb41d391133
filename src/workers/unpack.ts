/**
 * The body of a request without its content encoding. Bounded: it never becomes larger than a body may be, and no length
 * that the packed bytes claim is allocated before it is held against that.
 */
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { BODY_BYTES_MAX, type BodyEncoding, type ParsedBody } from './parse-body-protocol.ts';
import { largestWholeFrame } from './zstd-frames.ts';

export type Unpacked =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly refusal: Exclude<ParsedBody, { readonly kind: 'parsed' }> };

class TooLarge extends Error {}

export function unpack(packed: Buffer, encoding: BodyEncoding): Unpacked {
  try {
    return { ok: true, bytes: unpackers[encoding](packed) };
  } catch (error) {
    if (error instanceof TooLarge || codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      return { ok: false, refusal: { kind: 'too-large' } };
    }
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, refusal: { kind: 'unreadable', reason: `not-${encoding}`, detail } };
  }
}

const LIMIT = { maxOutputLength: BODY_BYTES_MAX };

const unpackers: Readonly<Record<BodyEncoding, (packed: Buffer) => Buffer>> = {
  identity: (packed) => packed,
  gzip: (packed) => gunzipSync(packed, LIMIT),
  // RFC 9110 means zlib's format by it; some clients send the bare stream.
  deflate: (packed) => (hasZlibHeader(packed) ? inflateSync(packed, LIMIT) : inflateRawSync(packed, LIMIT)),
  zstd: unpackZstd,
};

/** RFC 1950: method 8, and the two bytes are a multiple of 31. */
function hasZlibHeader(packed: Buffer): boolean {
  return packed.length >= 2 && ((packed[0] ?? 0) & 0x0f) === 8 && packed.readUInt16BE(0) % 31 === 0;
}

/** A block gives 128 KiB at most, so that many blocks of few bytes are stopped soon after the bound. */
const ZSTD_CHUNK_BYTES = 64 * 1024;

function unpackZstd(packed: Buffer): Buffer {
  if (largestWholeFrame(packed, BODY_BYTES_MAX) > BODY_BYTES_MAX) throw new TooLarge();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((part) => {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new TooLarge();
    parts.push(part);
  });
  for (let at = 0; at < packed.length; at += ZSTD_CHUNK_BYTES) {
    const end = Math.min(at + ZSTD_CHUNK_BYTES, packed.length);
    stream.push(packed.subarray(at, end), end === packed.length);
  }
  return Buffer.concat(parts);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
