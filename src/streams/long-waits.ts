/**
 * Decisions about partitions that are waited for too long. A reader of several logs goes on without a log that, after
 * `maxWaitMs`, has still not come to where the farthest log was. The slow log's own windows do not suffer. It is waited for
 * again once it has caught up.
 */
import type { PartitionTime } from './stream-watermark.ts';

export interface LongWaits {
  /**
   * Partitions that are to be left behind now, by their numbers. `farthestMs` is the largest watermark of all logs that are
   * read together. A partition that stays behind is named again after each further `maxWaitMs`, since an exchange may wait
   * for it again by then.
   */
  overdue(nowMs: number, farthestMs: number, partitions: readonly PartitionTime[]): number[];
}

/** The longest wait is remembered in so many steps of the wall clock. */
const STEPS = 64;

export function createLongWaits(maxWaitMs: number): LongWaits {
  /** Where the farthest log was at each moment, the oldest first. */
  const moments: { readonly atMs: number; farthestMs: number }[] = [];
  const namedAtMs = new Map<number, number>();
  return {
    overdue(nowMs, farthestMs, partitions) {
      const last = moments.at(-1);
      if (last?.atMs === nowMs) last.farthestMs = farthestMs;
      else if (last === undefined || nowMs - last.atMs >= maxWaitMs / STEPS) moments.push({ atMs: nowMs, farthestMs });
      while (moments.length > 1 && moments[1]!.atMs <= nowMs - maxWaitMs) moments.shift();
      const [then] = moments;
      if (then === undefined || then.atMs > nowMs - maxWaitMs) return [];
      return partitions.flatMap(({ sourceWatermarkMs, isIdle }, partition) => {
        if (isIdle || sourceWatermarkMs >= then.farthestMs) return [];
        if (nowMs - (namedAtMs.get(partition) ?? Number.NEGATIVE_INFINITY) < maxWaitMs) return [];
        namedAtMs.set(partition, nowMs);
        return [partition];
      });
    },
  };
}
