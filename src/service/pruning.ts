/** Whether files of the journal may be removed: not while somebody copies them. */
import type { SnapshotStore } from '../journal/snapshots.ts';

export interface Pruning {
  /** Nothing is removed until the returned function is called. */
  hold(): () => void;
  isHeld(): boolean;
  /** To be called once a snapshot is saved: removes older snapshots, and then the part of the log that only they needed. */
  behind(snapshots: SnapshotStore, prune: (log: string) => Promise<void>): (log: string) => Promise<void>;
}

/** Snapshots kept: the newest, and others in case it is damaged. */
const KEEP_SNAPSHOTS = 3;

export function createPruning(): Pruning {
  const holders = new Set<object>();
  return {
    hold() {
      const holder = {};
      holders.add(holder);
      return () => holders.delete(holder);
    },
    isHeld: () => holders.size > 0,
    behind: (snapshots, prune) => async (log) => {
      if (holders.size > 0) return;
      await snapshots.prune(log, KEEP_SNAPSHOTS);
      await prune(log);
    },
  };
}
