/** The newest snapshot of the operations log, for whoever reads a data directory or runs on it. */
import type { CommitReader } from '../journal/commit-reader.ts';
import { logName } from '../messages/log-name.ts';
import { OPERATIONS_SNAPSHOTS, type OperationsSnapshot } from '../messages/operations-snapshot.ts';
import type { Registry } from '../messages/registry.ts';
import { operationsSnapshotType } from '../messages/types.ts';

export const OPERATIONS_SNAPSHOTS_LOG = logName(OPERATIONS_SNAPSHOTS, 0);

/**
 * The operations snapshot in the last commit below an offset; null when there is none. A snapshot of an earlier version
 * is read by its own schema.
 */
export async function lastOperationsSnapshot(
  reader: CommitReader,
  registry: Pick<Registry, 'nameOf' | 'decodeAs'>,
  nextOffset: number,
): Promise<OperationsSnapshot | null> {
  if (nextOffset === 0) return null;
  const range = { fromOffset: nextOffset - 1, toOffset: nextOffset };
  for await (const { commit } of reader.commits(OPERATIONS_SNAPSHOTS_LOG, range)) {
    for (const { fingerprint, bytes } of commit.sections) {
      if (registry.nameOf(fingerprint) !== operationsSnapshotType.name) continue;
      return registry.decodeAs(operationsSnapshotType, fingerprint, bytes).at(-1) ?? null;
    }
  }
  return null;
}
