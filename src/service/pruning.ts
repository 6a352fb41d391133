/** Whether anything of the journal may go: not while somebody copies its files. */
import type { SnapshotStore } from '../journal/snapshots.ts';

export interface Pruning {
  /** Nothing goes until the returned function is called. */
  hold(): () => void;
  isHeld(): boolean;
  /** What happens once a snapshot is saved: older ones go, and then what they alone needed. */
  behind(snapshots: SnapshotStore, prune: (log: string) => Promise<void>): (log: string) => Promise<void>;
}

/** Snapshots kept, the newest and those beside it in case that it is damaged. */
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
