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
import { lastOperationsSnapshot, OPERATIONS_SNAPSHOTS_LOG } from './operations-snapshot.ts';
import { registryOf } from './registry-of.ts';
import { lastPositions, neededBy, SINKS_LOG, type SinkNeed } from './sink-positions.ts';
import { projectedOffsets } from './verify.ts';

const OPERATIONS_LOG = logName(OPERATIONS, 0);

export type Retention = Config['journal']['retention'];

export interface PrunedLog {
  readonly log: string;
  readonly segments: readonly PrunableSegment[];
  /** Who holds segments that would go otherwise, in words for people; null when nobody does. */
  readonly heldBy: string | null;
}

/** How long events wait for a reader that is behind, and up to which size of the log; null sets no bound. */
interface Hold {
  readonly ms: number | null;
  readonly bytes: number | null;
}

export const WITHOUT_BOUND: Hold = { ms: null, bytes: null };

/** Who still has to read a log, in words for people, and from where on. */
export interface Waiter {
  readonly who: string;
  readonly from: number;
  readonly hold: Hold;
}

/** The holds of read models, and those of each sink by name. */
export interface Holds {
  readonly stores: Hold;
  sink(name: string): Hold;
}

export const HOLD_FOR_EVER: Holds = { stores: WITHOUT_BOUND, sink: () => WITHOUT_BOUND };

export function holdsOf({ stores, sinks }: Pick<Config, 'stores' | 'sinks'>): Holds {
  const held = new Map(
    sinks.map(({ name, holdJournalMs, holdJournalBytes = null }) => [
      name,
      { ms: holdJournalMs, bytes: holdJournalBytes },
    ]),
  );
  const { holdJournalMs: ms, holdJournalBytes: bytes = null } = stores;
  return { stores: { ms, bytes }, sink: (name) => held.get(name) ?? WITHOUT_BOUND };
}

export function waitingSinks(needs: readonly SinkNeed[], holds: Holds): Waiter[] {
  return needs.map(({ sink, from }) => ({ who: `the sink ${sink}`, from, hold: holds.sink(sink) }));
}

export interface PruneOptions {
  readonly journal: JournalPlace;
  readonly retention: Retention;
  readonly waiters: readonly Waiter[];
  /** The offset of the newest snapshot of the operations log, from which the next start reads; 0 without one. */
  readonly operationsFrom: number;
  readonly nowMs: number;
  readonly isDryRun: boolean;
  readonly fs: Fs;
  readonly syncFs: SyncFs;
}

/** Prunes logs under the directory's lock. Throws a JournalError when a service runs on the data. */
export async function pruneData(
  dataDir: string,
  retention: Retention,
  isDryRun: boolean,
  nowMs: number,
  holds = HOLD_FOR_EVER,
): Promise<PrunedLog[]> {
  const journal = journalOf(dataDir);
  const unlock = isDryRun ? () => {} : lockDirectory(journal.directory);
  try {
    const stores = await projectedOffsets(dataDir);
    const pruned: PrunedLog[] = [];
    const reader = openReader(journal);
    const sinks = await lastPositions(reader, await reader.endOf(SINKS_LOG));
    const registry = registryOf(dataDir);
    const saved = await lastOperationsSnapshot(reader, registry, await reader.endOf(OPERATIONS_SNAPSHOTS_LOG));
    const operationsFrom = saved?.offset ?? 0;
    const exchanged = await exchangedOffsets(dataDir, reader, nodeSyncFs);
    for (const log of await reader.logNames()) {
      const waiters = [
        { who: 'an exchange', from: exchanged(log), hold: WITHOUT_BOUND },
        ...stores.map(({ store, offsets }) => {
          return { who: `the read model ${store}`, from: offsets.get(log) ?? 0, hold: holds.stores };
        }),
        ...waitingSinks(
          sinks.map((position) => ({ sink: position.sink, from: neededBy(position, log) })),
          holds,
        ),
      ];
      const disk = { fs: nodeFs, syncFs: nodeSyncFs };
      pruned.push(await pruneLog(log, { journal, retention, waiters, operationsFrom, nowMs, isDryRun, ...disk }));
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
  let heldBy: string | null = null;
  const segments = await prunableSegments(fs, directory, {
    beforeMs: retention.ageMs === null ? Number.NEGATIVE_INFINITY : nowMs - retention.ageMs,
    maxBytes: retention.maxBytes ?? Number.POSITIVE_INFINITY,
    neededFrom: Math.min(await oldestStart(fs, directory), operationsStart(log, options.operationsFrom)),
    awaited: options.waiters.map(({ who, from, hold: { ms, bytes } }) => ({
      who,
      from,
      afterMs: ms === null ? Number.NEGATIVE_INFINITY : nowMs - ms,
      maxBytes: bytes ?? Number.POSITIVE_INFINITY,
    })),
    onHeld: (who) => {
      heldBy = who;
    },
    committedAtMs: (base) => committedAtMs(reader, log, base),
  });
  if (!options.isDryRun) await pruneSegments(fs, directory, segments);
  return { log, segments, heldBy };
}

/** The offset from which a start reads this log, where it is the log of the service itself. */
export function operationsStart(log: string, operationsFrom: number): number {
  return log === OPERATIONS_LOG ? operationsFrom : Number.POSITIVE_INFINITY;
}

/** The offset at which recovery may have to begin: the oldest snapshot, should the newer ones be damaged. */
export async function oldestStart(fs: Fs, directory: string): Promise<number> {
  if (!(await fs.list(directory)).includes(SNAPSHOT_DIRECTORY)) return 0;
  return snapshotOffsets(await fs.list(join(directory, SNAPSHOT_DIRECTORY)))[0] ?? 0;
}

/** When the commit at the beginning of a segment was made; Infinity where there is none. */
export async function committedAtMs(reader: CommitReader, log: string, base: number): Promise<number> {
  for await (const { commit } of reader.commits(log, { fromOffset: base, toOffset: base + 1 })) {
    return commit.committedAt;
  }
  return Number.POSITIVE_INFINITY;
}
