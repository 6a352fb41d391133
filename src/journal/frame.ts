/**
 * The frame: 48 bytes of header, the body, zeros up to a multiple of 8.
 *
 *   0 magic u32 · 4 version u8 · 5 kind u8 · 6 zero u16 · 8 body bytes u32 · 12 events u32 · 16 first offset u64
 *   24 durable bytes u64 · 32 segment salt u32 · 36 header CRC u32 · 40 body CRC u32 · 44 zero u32
 *
 * The header has a CRC of its own, so that a rotten length is not taken for a torn tail; the body's CRC is seeded with it.
 * `durable bytes` is how much of the segment was known to be synced when the frame was written: everything below was
 * acknowledged, and damage there is never a torn tail. The salt keeps frames of a reused disk block from being taken
 * for this segment's.
 */
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 48;
export const MAX_BODY_BYTES = 256 * 1024 * 1024;
const MAGIC = 0x314a524d;
const VERSION = 1;
const HEADER_CRC_AT = 36;

/** The journal's own kinds of frames; all others belong to callers. */
export const SEGMENT_HEADER = 0;
export const SEGMENT_FOOTER = 2;
export const SNAPSHOT_FRAME = 3;

export function isReservedKind(kind: number): boolean {
  return kind === SEGMENT_HEADER || kind === SEGMENT_FOOTER || kind === SNAPSHOT_FRAME;
}

export interface FrameHeader {
  readonly kind: number;
  readonly bodyBytes: number;
  readonly count: number;
  readonly offset: number;
  readonly durableBytes: number;
  readonly salt: number;
  readonly headerCrc: number;
  readonly bodyCrc: number;
}

export interface NewFrame {
  readonly kind: number;
  readonly count: number;
  readonly offset: number;
  readonly durableBytes: number;
  readonly salt: number;
  readonly parts: readonly Uint8Array[];
}

const PADDING = new Uint8Array(8);

function paddedBytes(bodyBytes: number): number {
  return (bodyBytes + 7) & ~7;
}

/** The buffers of a frame, to be written in this order. Parts are not copied. Throws a RangeError on a body too long. */
export function frameBuffers({ kind, count, offset, durableBytes, salt, parts }: NewFrame): Uint8Array[] {
  let bodyBytes = 0;
  for (const part of parts) bodyBytes += part.byteLength;
  if (bodyBytes > MAX_BODY_BYTES) throw new RangeError(`A frame of ${bodyBytes} bytes is over ${MAX_BODY_BYTES}`);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(VERSION, 4);
  header.writeUInt8(kind, 5);
  header.writeUInt32LE(bodyBytes, 8);
  header.writeUInt32LE(count, 12);
  writeUInt64(header, offset, 16);
  writeUInt64(header, durableBytes, 24);
  header.writeUInt32LE(salt, 32);
  const headerCrc = crc32(header.subarray(0, HEADER_CRC_AT));
  let bodyCrc = headerCrc;
  for (const part of parts) bodyCrc = crc32(part, bodyCrc);
  header.writeUInt32LE(headerCrc, HEADER_CRC_AT);
  header.writeUInt32LE(bodyCrc, 40);
  const padding = paddedBytes(bodyBytes) - bodyBytes;
  return padding === 0 ? [header, ...parts] : [header, ...parts, PADDING.subarray(0, padding)];
}

/** The header at a position, or null when the bytes there are not one. */
export function readHeader(bytes: Buffer, at: number): FrameHeader | null {
  if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null;
  const headerCrc = bytes.readUInt32LE(at + HEADER_CRC_AT);
  if (crc32(bytes.subarray(at, at + HEADER_CRC_AT)) !== headerCrc) return null;
  if (bytes.readUInt8(at + 4) !== VERSION || bytes.readUInt32LE(at + 44) !== 0) return null;
  if (bytes.readUInt32LE(at + 8) > MAX_BODY_BYTES) return null;
  return {
    kind: bytes.readUInt8(at + 5),
    bodyBytes: bytes.readUInt32LE(at + 8),
    count: bytes.readUInt32LE(at + 12),
    offset: readUInt64(bytes, at + 16),
    durableBytes: readUInt64(bytes, at + 24),
    salt: bytes.readUInt32LE(at + 32),
    headerCrc,
    bodyCrc: bytes.readUInt32LE(at + 40),
  };
}

export function frameBytes(header: FrameHeader): number {
  return HEADER_BYTES + paddedBytes(header.bodyBytes);
}

export function bodyOf(bytes: Buffer, at: number, header: FrameHeader): Buffer {
  return bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + header.bodyBytes);
}

/** Whether the whole frame is there and its body is what was written. */
export function isBodyIntact(bytes: Buffer, at: number, header: FrameHeader): boolean {
  const end = at + frameBytes(header);
  if (end > bytes.length) return false;
  if (crc32(bodyOf(bytes, at, header), header.headerCrc) !== header.bodyCrc) return false;
  for (let i = at + HEADER_BYTES + header.bodyBytes; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

function writeUInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % 0x1_0000_0000, at);
  buffer.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
}

function readUInt64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + 4) * 0x1_0000_0000 + buffer.readUInt32LE(at);
}
