/** Derives the events of one log anew, in a thread of the pool: a shard of a replay. */
import { readFrames, startOfLog } from '../journal/reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { snapshotStore } from '../journal/snapshots.ts';
import { createRegistry } from '../messages/registry.ts';
import { type DerivationSince, type Rederived, rederive } from '../partition/rederive.ts';
import { decodeSnapshot, type PartitionSnapshot } from '../partition/snapshot.ts';

export interface RederiveTask {
  readonly dataDir: string;
  readonly journalDir: string;
  readonly log: string;
  readonly partition: number;
  readonly toOffset: number;
  readonly history: readonly DerivationSince[];
}

/** Throws when a frame can't be read. */
export default async function rederiveLog(task: RederiveTask): Promise<Rederived> {
  const { dataDir, journalDir, log, partition, toOffset, history } = task;
  const registry = createRegistry();
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  const start = await startOf(journalDir, log, history[0]?.fromOffset ?? 0);
  if (start === null) return { commits: 0, inputEvents: 0, derivedEvents: 0, differences: 0, first: null };
  const commits = readFrames(journalDir, log, { fromOffset: start.offset, toOffset });
  return rederive(commits, history, partition, registry, start.snapshot);
}

/** Of a log whose first events were pruned, its oldest snapshot; null when there is none to begin with. */
async function startOf(
  journalDir: string,
  log: string,
  fromOffset: number,
): Promise<{ readonly offset: number; readonly snapshot: PartitionSnapshot | null } | null> {
  const first = startOfLog(journalDir, log);
  if (first <= fromOffset) return { offset: fromOffset, snapshot: null };
  const found = await snapshotStore(journalDir).oldest(log);
  const snapshot = found === null ? null : decodeSnapshot(found.body);
  return found === null || snapshot === null ? null : { offset: found.offset, snapshot };
}
