/**
 * The segment that a log writes to: created, continued, sealed. The SHA-256 of its bytes is computed as they are written,
 * while the disk syncs them. Reading a segment back to hash it would hold up the log at every roll.
 */
import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { frameBuffers, SEGMENT_FOOTER, SEGMENT_HEADER } from './frame.ts';
import type { File, Fs } from './fs.ts';
import { type SegmentSeal, segmentName } from './segment.ts';
import { type IndexEntry, indexOfFrames } from './segment-index.ts';
import { syncOrFail, writeAll } from './write.ts';

export interface SegmentFile {
  readonly path: string;
  readonly base: number;
  readonly salt: number;
  readonly file: File;
  readonly hash: Hash;
  readonly index: IndexEntry[];
  /** Bytes that were written whole. */
  bytes: number;
  /** How many of them are known to be on the disk: what a frame vouches for. */
  durableBytes: number;
}

/** What recovery found of a segment that is to be continued. */
export interface SegmentStart {
  readonly base: number;
  readonly salt: number;
  readonly bytes: Buffer;
}

export async function continueSegment(fs: Fs, directory: string, start: SegmentStart): Promise<SegmentFile> {
  const { base, salt, bytes } = start;
  const path = join(directory, segmentName(base));
  const hash = createHash('sha256').update(bytes);
  const file = await fs.openForAppend(path);
  const index = indexOfFrames(bytes);
  return { path, base, salt, file, hash, index, bytes: bytes.length, durableBytes: bytes.length };
}

/** The segment's first frame is durable before any other is written. */
export async function createSegment(
  fs: Fs,
  log: string,
  directory: string,
  base: number,
  salt: number,
): Promise<SegmentFile> {
  const path = join(directory, segmentName(base));
  const file = await fs.create(path);
  try {
    const buffers = frameBuffers({ kind: SEGMENT_HEADER, count: 0, offset: base, durableBytes: 0, salt, parts: [] });
    const bytes = await writeAll(file, buffers, 0);
    await syncOrFail(log, path, () => file.datasync());
    await syncOrFail(log, directory, () => fs.syncDirectory(directory));
    const hash = createHash('sha256');
    for (const buffer of buffers) hash.update(buffer);
    return { path, base, salt, file, hash, index: [], bytes, durableBytes: bytes };
  } catch (error) {
    await file.close().catch(() => {});
    await fs.unlink(path).catch(() => {});
    throw error;
  }
}

/** Closes a segment for good behind its footer. Returns the footer's bytes. */
export async function sealSegment(log: string, segment: SegmentFile, nextOffset: number): Promise<number> {
  const { file, base, salt, path, bytes } = segment;
  const sha256 = segment.hash.copy().digest('hex');
  const seal: SegmentSeal = { firstOffset: base, nextOffset, sha256 };
  const parts = [Buffer.from(JSON.stringify(seal))];
  // The footer calls everything before it durable, and under `os` nothing has synced that yet.
  await syncOrFail(log, path, () => file.datasync());
  const footer = frameBuffers({
    kind: SEGMENT_FOOTER,
    count: 0,
    offset: nextOffset,
    durableBytes: bytes,
    salt,
    parts,
  });
  const written = await writeAll(file, footer, bytes);
  await syncOrFail(log, path, () => file.datasync());
  await file.close();
  return written;
}
