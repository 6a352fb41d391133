/**
 * What of a journal may go: what read models, exchanges and sinks have, behind the snapshots that recovery needs, and old or
 * too much.
 */
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import { type Fs, nodeFs } from '../journal/fs.ts';
import { lockDirectory } from '../journal/lock.ts';
import { type JournalPlace, journalOf, openReader } from '../journal/open-reader.ts';
import { type PrunableSegment, prunableSegments, pruneSegments } from '../journal/prune.ts';
import { SNAPSHOT_DIRECTORY, snapshotOffsets } from '../journal/snapshot-files.ts';
import { nodeSyncFs, type SyncFs } from '../journal/sync-fs.ts';
import { logName } from '../messages/log-name.ts';
import { OPERATIONS } from '../messages/operations.ts';
import { exchangedOffsets } from './exchanged-offsets.ts';
import { lastPositions, neededBy, SINKS_LOG } from './sink-positions.ts';
import { projectedOffsets } from './verify.ts';

export type Retention = Config['journal']['retention'];

export interface PrunedLog {
  readonly log: string;
  readonly segments: readonly PrunableSegment[];
}

export interface PruneOptions {
  readonly journal: JournalPlace;
  readonly retention: Retention;
  /** From here on somebody needs the log: a read model that has no more, another partition, a sink. */
  readonly neededFrom: number;
  readonly nowMs: number;
  readonly isDryRun: boolean;
  readonly fs: Fs;
  readonly syncFs: SyncFs;
}

/** Under the directory's lock. Throws a JournalError when a service runs on the data. */
export async function pruneData(
  dataDir: string,
  retention: Retention,
  isDryRun: boolean,
  nowMs: number,
): Promise<PrunedLog[]> {
  const journal = journalOf(dataDir);
  const unlock = isDryRun ? () => {} : lockDirectory(journal.directory);
  try {
    const stores = await projectedOffsets(dataDir);
    const pruned: PrunedLog[] = [];
    const reader = openReader(journal);
    const sinks = await lastPositions(reader, await reader.endOf(SINKS_LOG));
    const exchanged = await exchangedOffsets(dataDir, reader, nodeSyncFs);
    for (const log of await reader.logNames()) {
      const projected = stores.map((offsets) => offsets.get(log) ?? 0);
      const neededFrom = Math.min(exchanged(log), ...projected, ...sinks.map((sink) => neededBy(sink, log)));
      const disk = { fs: nodeFs, syncFs: nodeSyncFs };
      pruned.push(await pruneLog(log, { journal, retention, neededFrom, nowMs, isDryRun, ...disk }));
    }
    return pruned;
  } finally {
    unlock();
  }
}

export async function pruneLog(log: string, options: PruneOptions): Promise<PrunedLog> {
  const { journal, retention, nowMs, fs, syncFs } = options;
  const directory = join(journal.directory, log);
  const reader = openReader(journal, syncFs);
  const segments = await prunableSegments(fs, directory, {
    beforeMs: retention.ageMs === null ? Number.NEGATIVE_INFINITY : nowMs - retention.ageMs,
    maxBytes: retention.maxBytes ?? Number.POSITIVE_INFINITY,
    neededFrom: Math.min(options.neededFrom, await oldestStart(fs, directory, log)),
    committedAtMs: (base) => committedAtMs(reader, log, base),
  });
  if (!options.isDryRun) await pruneSegments(fs, directory, segments);
  return { log, segments };
}

/**
 * Where recovery may have to begin: at the oldest snapshot, should the newer ones be damaged. The service's own stream
 * is read from its start whenever a service starts, and stays whole.
 */
async function oldestStart(fs: Fs, directory: string, log: string): Promise<number> {
  if (log === logName(OPERATIONS, 0) || !(await fs.list(directory)).includes(SNAPSHOT_DIRECTORY)) return 0;
  return snapshotOffsets(await fs.list(join(directory, SNAPSHOT_DIRECTORY)))[0] ?? 0;
}

async function committedAtMs(reader: CommitReader, log: string, base: number): Promise<number> {
  for await (const { commit } of reader.commits(log, { fromOffset: base, toOffset: base + 1 })) {
    return commit.committedAt;
  }
  return Number.POSITIVE_INFINITY;
}
