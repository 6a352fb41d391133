/**
 * Decisions about partitions without events: which are idle, and how far the windows of ignored partitions go on.
 *
 * A partition is idle once its last event is `idleTimeout` old. Its windows then follow the stream. When every partition
 * is idle there is nothing to follow, and event time goes on as the clock does: by the timeout, then by twice, four times
 * … as much, so that a quiet stream closes its windows with few decisions in its log.
 */
import type { PartitionTime, StreamWatermark } from './stream-watermark.ts';
import { END_OF_TIME_MS, START_OF_TIME_MS } from './watermark.ts';

export interface QuietPartition {
  readonly time: PartitionTime;
  /** Milliseconds since the partition's last event. */
  readonly quietMs: number;
}

/** A decision, to be journaled by its partition. */
export interface IdleDecision {
  readonly partition: number;
  readonly control: 'idle' | 'active';
  readonly watermarkMs: number;
}

/** With an `idleTimeoutMs` of null no partition is declared idle, but a partition that is idle follows the stream. */
export function decideIdle(
  stream: StreamWatermark,
  partitions: readonly QuietPartition[],
  idleTimeoutMs: number | null,
): IdleDecision[] {
  const newlyIdle = new Set<number>();
  for (const [partition, { time, quietMs }] of partitions.entries()) {
    const isOverdue = idleTimeoutMs !== null && quietMs >= idleTimeoutMs && !time.isIdle;
    if (isOverdue) newlyIdle.add(partition);
    stream.update(partition, isOverdue ? { ...time, isIdle: true } : time);
  }
  const targetMs = Math.min(
    Math.max(stream.watermarkMs(), quietTimeMs(stream, partitions, idleTimeoutMs)),
    END_OF_TIME_MS,
  );
  return partitions.flatMap(({ time }, partition): IdleDecision[] => {
    if (!stream.isIgnored(partition)) return [];
    if (!newlyIdle.has(partition) && time.watermarkMs >= targetMs) return [];
    const control = time.isIdle || newlyIdle.has(partition) ? 'idle' : 'active';
    return [{ partition, control, watermarkMs: Math.max(targetMs, START_OF_TIME_MS) }];
  });
}

/** Event time in a stream whose partitions are all idle. */
function quietTimeMs(
  stream: StreamWatermark,
  partitions: readonly QuietPartition[],
  idleTimeoutMs: number | null,
): number {
  const quietMs = Math.min(...partitions.map((partition) => partition.quietMs));
  if (!stream.isIdle() || idleTimeoutMs === null || quietMs < idleTimeoutMs) return Number.NEGATIVE_INFINITY;
  const timeouts = 2 ** Math.floor(Math.log2(quietMs / Math.max(idleTimeoutMs, 1)));
  return Math.max(...partitions.map(({ time }) => time.sourceWatermarkMs)) + idleTimeoutMs * timeouts;
}
