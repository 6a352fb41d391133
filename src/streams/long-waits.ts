/**
 * Decisions about partitions that are waited for too long: what reads several logs goes on without one that has not come, so
 * long after, where the farthest log was. Its own windows do not suffer; it is waited for again once it has caught up.
 */
import type { PartitionTime } from './stream-watermark.ts';

export interface LongWaits {
  /**
   * Partitions that are to be left behind now, by their numbers. `farthestMs` is the watermark of the log that came farthest, of
   * all that are read together. A partition that stays behind is named again after each such time: an exchange may wait for
   * it again by then.
   */
  overdue(nowMs: number, farthestMs: number, partitions: readonly PartitionTime[]): number[];
}

/** Steps in which the wall clock is remembered, of the longest wait. */
const STEPS = 64;

export function createLongWaits(maxWaitMs: number): LongWaits {
  /** The oldest first; where the farthest log was then. */
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
