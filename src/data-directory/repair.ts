/** `journal repair`: puts right what verify finds, as far as that goes, under the directory's lock. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nodeFs } from '../journal/fs.ts';
import { lockDirectory } from '../journal/lock.ts';
import { journalOf } from '../journal/open-reader.ts';
import { type LostRange, repairedSegment, replaceSegment, setAside } from '../journal/repair.ts';
import { segmentBases, segmentName } from '../journal/segment.ts';
import type { Finding } from '../journal/verify.ts';
import { COMMIT_FRAME, encodeCommit } from '../messages/commit.ts';
import { logPlace } from '../messages/log-name.ts';
import { type Verified, verifyData } from './verify.ts';

export interface Repair {
  readonly log: string;
  readonly file: string;
  /** What is done about it, in words for people. */
  readonly action: string;
  readonly lost: readonly LostRange[];
  /** Path to the copy of the old bytes; null when there were none, or nothing was done yet. */
  readonly savedAs: string | null;
}

export interface RepairReport {
  readonly before: Verified;
  readonly repairs: readonly Repair[];
  /** Findings that can't be put right from this directory. */
  readonly remaining: readonly Finding[];
}

/** The source of a commit that stands for lost events. */
const LOST = 'lost';

/**
 * Repairs a data directory. With `isDryRun` it only says what it would do. Throws a JournalError when a service runs on
 * the data.
 */
export async function repairData(
  dataDir: string,
  options: { readonly isDryRun: boolean; readonly log: string | null },
): Promise<RepairReport> {
  const { isDryRun, log: only } = options;
  const unlock = isDryRun ? () => {} : lockDirectory(journalOf(dataDir).directory);
  try {
    const before = await verifyData(dataDir);
    const wanted = before.findings.filter(({ log }) => only === null || log === only);
    const repairs: Repair[] = [];
    const logs = new Set(wanted.map(({ log }) => log).filter((log) => log !== ''));
    for (const log of logs) {
      const own = wanted.filter((finding) => finding.log === log);
      repairs.push(...(await repairLog(dataDir, log, own, isDryRun)));
    }
    const after = isDryRun ? null : await verifyData(dataDir);
    const remaining = (after?.findings ?? wanted.filter(({ file }) => !isJournalFile(file))).filter(
      ({ log }) => only === null || log === only,
    );
    return { before, repairs, remaining };
  } finally {
    unlock();
  }
}

/**
 * Whether segments, HEAD or snapshots are concerned, which can be put right here. A schema, or the note of a segment,
 * can come only from a backup.
 */
function isJournalFile(file: string): boolean {
  return !file.endsWith('.avsc') && !file.endsWith('.away');
}

async function repairLog(
  dataDir: string,
  log: string,
  findings: readonly Finding[],
  isDryRun: boolean,
): Promise<Repair[]> {
  const directory = join(journalOf(dataDir).directory, log);
  const repairs: Repair[] = [];
  for (const file of new Set(findings.map((finding) => finding.file))) {
    if (!isJournalFile(file) || file.endsWith('.log') || !existsSync(file) || file === directory) continue;
    const action = 'set aside: it says nothing any more, and the log does without it';
    const savedAs = isDryRun ? null : await setAside(nodeFs, dirname(file), basename(file));
    repairs.push({ log, file, action, lost: [], savedAs });
  }
  const ofSegments = findings.filter(({ file }) => file.endsWith('.log') || file === directory);
  if (ofSegments.length > 0) repairs.push(...(await repairSegments(directory, log, ofSegments, isDryRun)));
  return repairs;
}

/**
 * Repairs each segment that lacks events before the next segment. The last one is repaired up to the last known event.
 */
async function repairSegments(
  directory: string,
  log: string,
  findings: readonly Finding[],
  isDryRun: boolean,
): Promise<Repair[]> {
  const bases = segmentBases(await nodeFs.list(directory));
  const known = Math.max(...findings.map(({ toOffset }) => toOffset));
  const repairs: Repair[] = [];
  for (const [i, base] of (bases.length === 0 ? [0] : bases).entries()) {
    const file = join(directory, segmentName(base));
    if (bases.length > 0 && !findings.some((finding) => finding.file === file)) continue;
    const old = bases.length === 0 ? Buffer.alloc(0) : await nodeFs.read(file);
    const next = bases[i + 1];
    const range = { base, limit: next ?? null, fillTo: next ?? known };
    const repaired = repairedSegment(old, range, randomInt(2 ** 32), (lost) => lossFrame(log, lost));
    const savedAs = isDryRun ? null : await replaceSegment(nodeFs, directory, base, old, repaired.bytes);
    const action = old.length === 0 ? 'made anew: it was missing' : 'written anew from its whole frames';
    repairs.push({ log, file, action, lost: repaired.lost, savedAs });
  }
  return repairs;
}

/** A commit without sections. A fold of the log finds nothing in it, and the log's offsets go on behind it. */
function lossFrame(log: string, { offset, toOffset }: LostRange): { kind: number; parts: Uint8Array[] } {
  const { parts } = encodeCommit({
    ...(logPlace(log) ?? { stream: log, partition: 0 }),
    source: LOST,
    next: toOffset - offset,
    committedAt: 0,
    sections: [],
  });
  return { kind: COMMIT_FRAME, parts };
}
