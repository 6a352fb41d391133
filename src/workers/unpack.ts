/**
 * The body of a request without its content encoding. Bounded: it never becomes larger than a body may be, and no length
 * that the packed bytes claim is allocated before it is held against that.
 */
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { hasCode } from '../error-code.ts';
import { Damage } from '../messages/avro-cursor.ts';
import { unpackZstandard } from '../messages/zstandard.ts';
import { BODY_BYTES_MAX, type BodyEncoding, type ParsedBody } from './parse-body-protocol.ts';

export type Unpacked =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly refusal: Exclude<ParsedBody, { readonly kind: 'parsed' }> };

export function unpack(packed: Buffer, encoding: BodyEncoding): Unpacked {
  try {
    return { ok: true, bytes: unpackers[encoding](packed) };
  } catch (error) {
    if (isTooLarge(error)) {
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
  zstd: (packed) => unpackZstandard(packed, BODY_BYTES_MAX),
};

/** RFC 1950: method 8, and the two bytes are a multiple of 31. */
function hasZlibHeader(packed: Buffer): boolean {
  return packed.length >= 2 && ((packed[0] ?? 0) & 0x0f) === 8 && packed.readUInt16BE(0) % 31 === 0;
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof Damage) return error.kind === 'too-large';
  return hasCode(error, 'ERR_BUFFER_TOO_LARGE');
}
