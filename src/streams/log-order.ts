/**
 * When the order counts in which an exchange tells its partitions how far each log came. Mostly only how far does. But a
 * watermark goes on without a log that is idle, and then until the log has caught up with the others: what comes of it
 * meanwhile is late or not by where the others are. So from a log's idleness until it has the latest time of all, each commit
 * is told to every partition before the next.
 */

export interface LogOrder {
  /** The log came so far by an event. */
  reached(log: string, timeMs: number): void;
  /** All were told that the log is idle, and where the watermark then stands. */
  idled(log: string, watermarkMs: number): void;
  /** What a partition knows that goes on after a restart: the logs that its watermark goes on without, and its latest time. */
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
