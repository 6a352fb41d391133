/** Reports on a journal's directory, log by log, without changing it and without its lock. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { logNames } from './log-names.ts';
import { scanSegment, segmentBases, segmentName } from './segment.ts';
import { SNAPSHOT_DIRECTORY, snapshotOffsets } from './snapshot-files.ts';
import { witnessOf } from './witness.ts';

export interface LogReport {
  readonly log: string;
  readonly segments: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
  /** Whether the last segment has its footer. */
  readonly sealed: boolean;
  /** The bytes behind the last whole frame: none, zeros, a torn frame, or damage. */
  readonly tail: 'none' | 'clean' | 'torn' | 'corrupt';
  readonly snapshots: readonly number[];
  /** Tails that an earlier recovery cut off and kept. */
  readonly tornCopies: number;
}

export function inspectJournal(journalDir: string): LogReport[] {
  return logNames(journalDir).map((log) => inspectLog(journalDir, log));
}

function inspectLog(journalDir: string, log: string): LogReport {
  const directory = join(journalDir, log);
  const names = readdirSync(directory);
  const bases = segmentBases(names);
  const last = bases.at(-1);
  const bytes = bases.reduce((sum, base) => sum + statSync(join(directory, segmentName(base))).size, 0);
  // Read before the segment, which may be growing and so has everything that the witness names.
  const witness = witnessOf(directory);
  const scan = last === undefined ? null : scanSegment(readFileSync(join(directory, segmentName(last))), last, witness);
  return {
    log,
    segments: bases.length,
    firstOffset: bases[0] ?? 0,
    nextOffset: scan?.nextOffset ?? 0,
    bytes,
    sealed: scan?.sealed ?? false,
    tail: scan?.tail ?? (witness > 0 ? 'corrupt' : 'none'),
    snapshots: names.includes(SNAPSHOT_DIRECTORY)
      ? snapshotOffsets(readdirSync(join(directory, SNAPSHOT_DIRECTORY)))
      : [],
    tornCopies: names.filter((name) => name.endsWith('.torn')).length,
  };
}
