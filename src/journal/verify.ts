/**
 * Checks everything in a journal's directory, log by log, without changing it and without its lock: each checksum, each
 * footer and its SHA-256, the offsets from segment to segment, snapshots, HEAD. One segment is in memory at a time.
 */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { awayPath, isAway, parseAway } from './away.ts';
import { JournalError } from './error.ts';
import { fetchSegment } from './fetch-segment.ts';
import { bodyOf, frameBytes, isBodyIntact, readHeader, SNAPSHOT_FRAME } from './frame.ts';
import { formatHead, HEAD_FILE, parseHead } from './head.ts';
import { FOOTER_SEARCH_BYTES, footerBytes, readSeal, scanSegment, segmentBases, segmentName } from './segment.ts';
import { SNAPSHOT_DIRECTORY, snapshotName, snapshotOffsets } from './snapshot-files.ts';
import type { SyncFs } from './sync-fs.ts';

/** Something that is not as it was written. */
export interface Finding {
  readonly log: string;
  readonly file: string;
  /** Where the fault begins in the file; null when no place can be named. */
  readonly byte: number | null;
  /** Events that can't be read, from here… */
  readonly offset: number;
  /** …to here, exclusive; the same offset when none is lost. */
  readonly toOffset: number;
  readonly what: string;
}

export interface VerifiedLog {
  readonly log: string;
  readonly segments: number;
  /** How many of the segments are kept elsewhere. Their notes and offsets are checked, not their bytes. */
  readonly away: number;
  readonly frames: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
  /** Bytes behind the last whole frame that were never acknowledged: the next start cuts them off. */
  readonly tornBytes: number;
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** The largest next offset that something outside the journal has seen; 0 for none. */
  readonly witness: number;
  /** Called with the body of each whole frame that holds events. */
  visit(kind: number, offset: number, count: number, body: Uint8Array): void;
}

export function verifyLog(fs: SyncFs, directory: string, log: string, options: VerifyOptions): VerifiedLog {
  const findings: Finding[] = [];
  const find = (file: string, what: string, at: { byte?: number; offset?: number; toOffset?: number } = {}): void => {
    const { byte = null, offset = 0, toOffset = offset } = at;
    findings.push({ log, file, byte, offset, toOffset, what });
  };
  // Witnesses before segments: a log that grows then has everything that a witness names.
  const names = fs.list(directory);
  let witness = Math.max(options.witness, checkHead(fs, directory, names, find));
  const snapshots = checkSnapshots(fs, directory, names, find);
  witness = Math.max(witness, ...snapshots);

  const bases = segmentBases(names);
  let next = bases[0] ?? 0;
  let [frames, bytesRead, tornBytes, away] = [0, 0, 0, 0];
  if (bases.length === 0 && witness > 0) find(directory, 'there is no segment', { offset: 0, toOffset: witness });
  for (const [i, base] of bases.entries()) {
    const path = join(directory, segmentName(base));
    const isLast = i === bases.length - 1;
    if (base !== next)
      find(path, 'a segment before it is missing, or ends too early', { offset: next, toOffset: base });
    if (isAway(names, base)) {
      next = checkAway(fs, path, bases[i + 1] ?? witness, find);
      away += 1;
      continue;
    }
    const bytes = fs.read(path);
    const scan = scanSegment(bytes, base, isLast ? witness : 0);
    bytesRead += bytes.length;
    frames += visitFrames(bytes, scan.validBytes, options.visit);
    const toOffset = bases[i + 1] ?? scan.knownOffset;
    const isWhole = isLast
      ? scan.tail !== 'corrupt'
      : scan.tail === 'none' && scan.sealed && scan.nextOffset === toOffset;
    if (!isWhole) {
      find(path, 'a frame is damaged or missing', { byte: scan.validBytes, offset: scan.nextOffset, toOffset });
    } else if (scan.sealed) {
      const what = sealProblem(bytes, base, scan.nextOffset);
      if (what !== null) find(path, what, { byte: scan.validBytes, offset: base, toOffset: base });
    }
    if (isLast && isWhole) tornBytes = bytes.length - scan.validBytes;
    next = scan.nextOffset;
  }
  return {
    log,
    segments: bases.length,
    away,
    frames,
    firstOffset: bases[0] ?? 0,
    nextOffset: next,
    bytes: bytesRead,
    tornBytes,
    findings,
  };
}

type Find = (file: string, what: string, at?: { readonly offset: number; readonly toOffset: number }) => void;

/** The offset where the segment ends, as its note says. */
function checkAway(fs: SyncFs, path: string, toOffset: number, find: Find): number {
  const segment = parseAway(fs.read(awayPath(path)).toString('utf8'));
  if (segment === null) {
    find(awayPath(path), 'the note of where a segment is kept is damaged');
    return toOffset;
  }
  const { firstOffset, nextOffset } = segment;
  if (segmentName(firstOffset) !== basename(path) || nextOffset !== toOffset)
    find(awayPath(path), 'it names other offsets', { offset: firstOffset, toOffset });
  return toOffset;
}

/** Fetches each segment that is kept elsewhere, which compares it with its note. Rejects when a place can't be had. */
export async function verifyAway(fs: SyncFs, directory: string, log: string): Promise<Finding[]> {
  const names = fs.list(directory);
  const findings: Finding[] = [];
  for (const base of segmentBases(names).filter((each) => isAway(names, each))) {
    const path = join(directory, segmentName(base));
    try {
      await fetchSegment(path);
    } catch (error) {
      if (!(error instanceof JournalError && error.fault.kind === 'corrupt')) throw error;
      const { offset, toOffset } = error.fault;
      findings.push({ log, file: awayPath(path), byte: null, offset, toOffset, what: error.message });
    }
  }
  return findings;
}

function checkHead(fs: SyncFs, directory: string, names: readonly string[], find: Find): number {
  if (!names.includes(HEAD_FILE)) return 0;
  const path = join(directory, HEAD_FILE);
  const text = fs.read(path).toString('utf8');
  const offset = parseHead(text);
  if (text !== formatHead(offset)) find(path, 'it fails its checksum, so it witnesses nothing');
  return offset;
}

/** Offsets of the snapshots that are whole. */
function checkSnapshots(fs: SyncFs, directory: string, names: readonly string[], find: Find): number[] {
  if (!names.includes(SNAPSHOT_DIRECTORY)) return [];
  const home = join(directory, SNAPSHOT_DIRECTORY);
  return snapshotOffsets(fs.list(home)).filter((offset) => {
    const path = join(home, snapshotName(offset));
    const bytes = fs.read(path);
    const header = readHeader(bytes, 0);
    const isWhole =
      header !== null &&
      header.kind === SNAPSHOT_FRAME &&
      header.offset === offset &&
      frameBytes(header) === bytes.length &&
      isBodyIntact(bytes, 0, header);
    if (!isWhole) find(path, 'the snapshot is damaged; an older one or the log takes its place');
    return isWhole;
  });
}

function visitFrames(bytes: Buffer, validBytes: number, visit: VerifyOptions['visit']): number {
  let frames = 0;
  for (let at = 0; at < validBytes; frames++) {
    const header = readHeader(bytes, at);
    if (header === null) break;
    if (header.count > 0) visit(header.kind, header.offset, header.count, bodyOf(bytes, at, header));
    at += frameBytes(header);
  }
  return frames;
}

function sealProblem(bytes: Buffer, base: number, nextOffset: number): string | null {
  const end = bytes.subarray(Math.max(0, bytes.length - FOOTER_SEARCH_BYTES));
  const seal = readSeal(end);
  if (seal === null) return 'its footer is not at its end';
  if (seal.firstOffset !== base || seal.nextOffset !== nextOffset) return 'its footer names other offsets';
  const body = bytes.subarray(0, bytes.length - footerBytes(end));
  const sha256 = createHash('sha256').update(body).digest('hex');
  return sha256 === seal.sha256 ? null : 'its SHA-256 is not what its footer says';
}
