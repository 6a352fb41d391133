/** Reports on a journal's directory, log by log, without changing it and without its lock. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAway, readAway } from './away.ts';
import { logNames } from './log-names.ts';
import { scanSegment, segmentBases, segmentName } from './segment.ts';
import { SNAPSHOT_DIRECTORY, snapshotOffsets } from './snapshot-files.ts';
import { nodeSyncFs } from './sync-fs.ts';
import { witnessOf } from './witness.ts';

export interface LogReport {
  readonly log: string;
  readonly segments: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  /** Bytes of the log on this disk. */
  readonly bytes: number;
  /** How many of the segments are kept elsewhere, how large those are, and where. */
  readonly away: number;
  readonly awayBytes: number;
  readonly awayIn: readonly string[];
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
  const isHere = (base: number): boolean => !isAway(names, base);
  const pathOf = (base: number): string => join(directory, segmentName(base));
  const bytes = bases.filter(isHere).reduce((sum, base) => sum + statSync(pathOf(base)).size, 0);
  const away = bases.filter((base) => !isHere(base)).map((base) => readAway(nodeSyncFs, pathOf(base)));
  // Read before the segment, which may be growing and so has everything that the witness names.
  const witness = witnessOf(directory);
  const scan = last === undefined ? null : scanSegment(readFileSync(join(directory, segmentName(last))), last, witness);
  return {
    log,
    segments: bases.length,
    firstOffset: bases[0] ?? 0,
    nextOffset: scan?.nextOffset ?? 0,
    bytes,
    away: away.length,
    awayBytes: away.reduce((sum, segment) => sum + (segment?.bytes ?? 0), 0),
    awayIn: [...new Set(away.flatMap((segment) => (segment === null ? [] : [segment.place])))],
    sealed: scan?.sealed ?? false,
    tail: scan?.tail ?? (witness > 0 ? 'corrupt' : 'none'),
    snapshots: names.includes(SNAPSHOT_DIRECTORY)
      ? snapshotOffsets(readdirSync(join(directory, SNAPSHOT_DIRECTORY)))
      : [],
    tornCopies: names.filter((name) => name.endsWith('.torn')).length,
  };
}
