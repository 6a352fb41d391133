/**
 * Says when an exchange has to tell its partitions of each commit in order. Mostly it is enough to tell how far each log
 * came. But a watermark goes on without an idle log, and continues to do so until that log has caught up with the others.
 * Whether the log's events are late in the meantime depends on where the other logs are. So from a log's idleness until it
 * has the latest time of all, each commit is told to every partition before the next.
 */

export interface LogOrder {
  /** An event of the log has this time. */
  reached(log: string, timeMs: number): void;
  /** All partitions were told that the log is idle, and where the watermark then stands. */
  idled(log: string, watermarkMs: number): void;
  /** Takes what a partition knows after a restart: the logs that its watermark goes on without, and its latest time. */
  resume(behind: readonly string[], latestMs: number): void;
  isOrdered(): boolean;
}

export function createLogOrder(): LogOrder {
  const behind = new Set<string>();
  let latestMs = Number.NEGATIVE_INFINITY;
  return {
    reached(log, timeMs) {
      latestMs = Math.max(latestMs, timeMs);
      if (timeMs >= latestMs) behind.delete(log);
    },
    idled(log, watermarkMs) {
      behind.add(log);
      latestMs = Math.max(latestMs, watermarkMs);
    },
    resume(logs, ofPartitionMs) {
      for (const log of logs) behind.add(log);
      latestMs = Math.max(latestMs, ofPartitionMs);
    },
    isOrdered: () => behind.size > 0,
  };
}
