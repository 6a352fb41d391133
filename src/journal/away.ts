/**
 * Segments that are not on this disk: each has left a note beside its log that says in which place it is kept, under which
 * name, and how it is known again. Where the segment itself is here too, the note says nothing.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hasCode } from '../error-code.ts';
import { isMap } from '../messages/json-map.ts';
import { JournalError } from './error.ts';
import type { Fs } from './fs.ts';
import type { SealedBody } from './sealed-bytes.ts';
import { segmentName } from './segment.ts';
import type { OpenFile, SyncFs } from './sync-fs.ts';

export interface AwaySegment {
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
  /** SHA-256 of all bytes of the segment, in hexadecimal digits. */
  readonly sha256: string;
  readonly sealed: SealedBody;
  /** When its first event was committed, epoch milliseconds; null for a segment without commits. */
  readonly committedAtMs: number | null;
  /** The place as people write it: a folder's path, or s3://bucket/prefix. */
  readonly place: string;
  /** The segment's name in that place. */
  readonly stored: string;
}

const SUFFIX = '.away';
const SEGMENT_SUFFIX = '.log';
const VERSION = 1;

/** The path of the note that a segment has, by the segment's path. */
export function awayPath(segmentPath: string): string {
  return segmentPath.slice(0, -SEGMENT_SUFFIX.length) + SUFFIX;
}

export function awayName(base: number): string {
  return awayPath(segmentName(base));
}

/**
 * Where the fetched copy of a segment lies: beside its note. It may be removed at any time, when its room is needed.
 */
export function fetchedPath(segmentPath: string): string {
  return `${segmentPath.slice(0, -SEGMENT_SUFFIX.length)}.fetched`;
}

/** Whether a log's files have only the note of that segment, and not the segment. */
export function isAway(names: readonly string[], base: number): boolean {
  return names.includes(awayName(base)) && !names.includes(segmentName(base));
}

export function printAway(segment: AwaySegment): string {
  const content = { version: VERSION, ...segment };
  return `${JSON.stringify({ ...content, checksum: checksumOf(content) })}\n`;
}

/** The segment that a note describes; null when the note is not whole. */
export function parseAway(text: string): AwaySegment | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isMap(found)) return null;
  const { checksum, ...content } = found;
  if (checksum !== checksumOf(content) || content.version !== VERSION) return null;
  const { firstOffset, nextOffset, bytes, sha256, sealed, committedAtMs, place, stored } = content;
  if (!isMap(sealed)) return null;
  return {
    firstOffset: Number(firstOffset),
    nextOffset: Number(nextOffset),
    bytes: Number(bytes),
    sha256: String(sha256),
    sealed: { sha256: String(sealed.sha256), bodyBytes: Number(sealed.bodyBytes) },
    committedAtMs: committedAtMs === null ? null : Number(committedAtMs),
    place: String(place),
    stored: String(stored),
  };
}

/** The note of a segment. Throws a JournalError of kind `corrupt` when it is damaged; null when there is none. */
export function readAway(fs: SyncFs, segmentPath: string): AwaySegment | null {
  try {
    return requireWhole(fs.read(awayPath(segmentPath)), segmentPath);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** The note of a segment that is known to have one. Throws as `readAway` does. */
export async function awayOf(fs: Fs, directory: string, base: number): Promise<AwaySegment> {
  const path = join(directory, segmentName(base));
  return requireWhole(await fs.read(awayPath(path)), path);
}

function requireWhole(bytes: Buffer, segmentPath: string): AwaySegment {
  const segment = parseAway(bytes.toString('utf8'));
  if (segment !== null) return segment;
  const file = awayPath(segmentPath);
  throw new JournalError(
    { kind: 'corrupt', log: '', file, byte: 0, offset: 0, toOffset: 0 },
    `${file} is damaged: it says where a segment of the log is kept that is not on this disk. Restore the file from a ` +
      'backup, or put the segment itself beside it.',
  );
}

/** Opens a segment for reading, or its fetched copy. Throws a JournalError of kind `away` when it has to be fetched first. */
export function openSegment(fs: SyncFs, path: string): OpenFile {
  try {
    return fs.open(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const segment = readAway(fs, path);
    if (segment === null) throw error;
    try {
      return fs.open(fetchedPath(path));
    } catch (absent) {
      if (!hasCode(absent, 'ENOENT')) throw absent;
      throw new JournalError({ kind: 'away', file: path }, `${path} is kept in ${segment.place} and was not fetched`);
    }
  }
}

function checksumOf(content: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
}
