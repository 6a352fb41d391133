/**
 * A sparse index of a sealed segment, in a file beside it: about every 64 KiB, the offset and place of a frame. It only
 * says where to look: the reader checks that the expected frame is there, and without an index skips from frame to frame.
 * So an index may be absent, stale or damaged, is never synced, and no failure comes from it.
 */
import { crc32 } from 'node:zlib';
import { frameBytes, readHeader } from './frame.ts';
import type { Fs } from './fs.ts';
import type { SyncFs } from './sync-fs.ts';

export interface IndexEntry {
  /** Offset of the frame's first event. */
  readonly offset: number;
  /** Where the frame begins. */
  readonly byte: number;
}

const EVERY_BYTES = 64 * 1024;
const MAGIC = 0x58_49_52_4d;
const HEADER_BYTES = 16;
const ENTRY_BYTES = 16;

/** `path` of the segment. */
function indexPath(path: string): string {
  return `${path.slice(0, -'.log'.length)}.index`;
}

/** Adds a frame, if the last entry lies far enough back. */
export function noteFrame(entries: IndexEntry[], offset: number, byte: number): void {
  if (byte - (entries.at(-1)?.byte ?? 0) >= EVERY_BYTES) entries.push({ offset, byte });
}

/** The index of a segment whose frames have been checked. */
export function indexOfFrames(bytes: Buffer): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at);
    if (header === null) break;
    if (header.count > 0) noteFrame(entries, header.offset, at);
    at += frameBytes(header);
  }
  return entries;
}

/** Writes the index of a sealed segment. When that fails, the segment is read without it. */
export async function writeIndex(fs: Fs, segmentPath: string, entries: readonly IndexEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const path = indexPath(segmentPath);
  try {
    const file = await fs.create(path);
    try {
      await file.write([encodeIndex(entries)], 0);
    } finally {
      await file.close();
    }
  } catch {
    await removeIndex(fs, segmentPath);
  }
}

/** Removes the index of a segment that is gone or has changed. */
export async function removeIndex(fs: Fs, segmentPath: string): Promise<void> {
  await fs.unlink(indexPath(segmentPath)).catch(() => {});
}

export function encodeIndex(entries: readonly IndexEntry[]): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + entries.length * ENTRY_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(entries.length, 4);
  for (const [i, { offset, byte }] of entries.entries()) {
    bytes.writeDoubleLE(offset, HEADER_BYTES + i * ENTRY_BYTES);
    bytes.writeDoubleLE(byte, HEADER_BYTES + i * ENTRY_BYTES + 8);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 8);
  return bytes;
}

/** Null when the index is not whole. */
function decodeIndex(bytes: Buffer): IndexEntry[] | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return null;
  const body = bytes.subarray(HEADER_BYTES);
  if (body.length !== bytes.readUInt32LE(4) * ENTRY_BYTES || bytes.readUInt32LE(8) !== crc32(body)) return null;
  return Array.from({ length: body.length / ENTRY_BYTES }, (_, i) => ({
    offset: body.readDoubleLE(i * ENTRY_BYTES),
    byte: body.readDoubleLE(i * ENTRY_BYTES + 8),
  }));
}

/** The entries of the index; none when there is no index. */
export function readIndex(fs: SyncFs, segmentPath: string): readonly IndexEntry[] {
  try {
    return decodeIndex(fs.read(indexPath(segmentPath))) ?? [];
  } catch {
    return [];
  }
}
