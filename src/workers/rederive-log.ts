/** Derives the events of one log anew, in a thread of the pool: a shard of a replay. */

import { BUILTIN_TYPES } from '../builtin-types.ts';
import { isDependencyDown } from '../dependency-down.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import { type JournalPlace, openPassingReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { type SnapshotStore, snapshotStore } from '../journal/snapshots.ts';
import { createRegistry } from '../messages/registry.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import { showRunningIn } from '../operators/running.ts';
import { type DerivationSince, type Rederived, rederive } from '../partition/rederive.ts';
import { decodeSnapshot, type PartitionSnapshot } from '../partition/snapshot.ts';

export interface RederiveTask {
  readonly dataDir: string;
  readonly journal: JournalPlace;
  readonly log: string;
  readonly partition: number;
  readonly toOffset: number;
  readonly history: readonly DerivationSince[];
  readonly comparedFrom: number;
}

/** What another thread sees of the task while it can say nothing. */
export interface WatchedTask extends RederiveTask {
  /** The call of an operator that is under way: see src/operators/running.ts. */
  readonly running: SharedArrayBuffer;
  /** A double: the offset of the commit that is derived anew. */
  readonly reached: SharedArrayBuffer;
}

/** Something is not there that the log was derived with, in words for people. */
export interface Lacking {
  readonly lacking: string;
}

/** Rejects when a frame can't be read. */
export default async function rederiveLog(task: WatchedTask): Promise<Rederived | Lacking> {
  try {
    return await rederived(task);
  } catch (error) {
    // An error on its way to another thread keeps its words alone.
    if (isDependencyDown(error)) return { lacking: error.message };
    throw error;
  }
}

async function rederived(task: WatchedTask): Promise<Rederived> {
  const { dataDir, journal, log, partition, toOffset, history, comparedFrom } = task;
  showRunningIn(task.running);
  const reached = new Float64Array(task.reached);
  const registry = createRegistry(BUILTIN_TYPES);
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  const reader = openPassingReader(journal);
  const start = await startOf(reader, snapshotStore(journal.directory), log, history[0]?.fromOffset ?? 0);
  if (start === null) return { commits: 0, inputEvents: 0, derivedEvents: 0, differences: 0, first: null };
  const commits = reader.commits(log, { fromOffset: start.offset, toOffset });
  const before = (endOffset: number) => reader.commits(log, { fromOffset: 0, toOffset: endOffset });
  return await rederive(
    {
      ...{ partition, commits, before, history, start: start.snapshot, comparedFrom },
      reached(offset) {
        reached[0] = offset;
      },
    },
    registry,
    OPERATOR_KINDS,
  );
}

/** Where to begin in a log whose first events were pruned: at its oldest snapshot; null when there is none. */
async function startOf(
  reader: CommitReader,
  snapshots: SnapshotStore,
  log: string,
  fromOffset: number,
): Promise<{ readonly offset: number; readonly snapshot: PartitionSnapshot | null } | null> {
  const first = await reader.startOf(log);
  if (first <= fromOffset) return { offset: fromOffset, snapshot: null };
  const found = await snapshots.oldest(log);
  const snapshot = found === null ? null : decodeSnapshot(found.body);
  return found === null || snapshot === null ? null : { offset: found.offset, snapshot };
}
