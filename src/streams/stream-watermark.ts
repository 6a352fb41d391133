/**
 * A stream's watermark: the minimum over its active partitions, by the rules of Flink's StatusWatermarkValve. It never
 * goes back. An idle partition leaves the minimum. A partition that is active again is ignored until it has caught up. When
 * all are idle, the stream is idle, and its watermark is the largest of theirs.
 */

/** The event time of one partition in epoch ms; -Infinity before the first event. */
export interface PartitionTime {
  readonly sourceWatermarkMs: number;
  /** The watermark of its windows: ahead of its source's while the stream ignores the partition. */
  readonly watermarkMs: number;
  readonly isIdle: boolean;
}

export interface StreamWatermark {
  /** Takes a partition's new time into account. */
  update(partition: number, time: PartitionTime): void;
  watermarkMs(): number;
  isIdle(): boolean;
  /** The stream goes on without this partition until it has caught up, though it is not idle. */
  passOver(partition: number): void;
  /** Whether the stream goes on without this partition, because it is idle or has to catch up. */
  isIgnored(partition: number): boolean;
  /** Up to where all partitions have come that are not idle; Infinity where the stream waits for all of them. */
  completeMs(): number;
}

interface Channel {
  sourceWatermarkMs: number;
  isIdle: boolean;
  isAligned: boolean;
}

/**
 * Goes on from `resumedMs`, as after a restart, with partitions that the stream waits for or not as `isAligned` says. Where it
 * says nothing, a partition whose windows are ahead of its source has still to catch up.
 */
export function createStreamWatermark(
  partitions: readonly (PartitionTime & { readonly isAligned?: boolean | null })[],
  resumedMs = Number.NEGATIVE_INFINITY,
): StreamWatermark {
  const channels: Channel[] = partitions.map(({ sourceWatermarkMs, watermarkMs, isIdle, isAligned }) => ({
    sourceWatermarkMs,
    isIdle,
    isAligned: isAligned ?? (!isIdle && sourceWatermarkMs >= watermarkMs),
  }));
  let lastMs = Math.max(resumedMs, ...partitions.map(followedMs));
  const allIdle = (): boolean => channels.every((channel) => channel.isIdle);

  function advance(): void {
    const isIdle = allIdle();
    let next = isIdle ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    let counted = 0;
    // Runs for every event, so it makes no list.
    for (const { sourceWatermarkMs, isAligned } of channels) {
      if (!isIdle && !isAligned) continue;
      counted += 1;
      if (isIdle ? sourceWatermarkMs > next : sourceWatermarkMs < next) next = sourceWatermarkMs;
    }
    if (counted > 0 && next > lastMs) lastMs = next;
  }
  advance();

  return {
    update(partition, { sourceWatermarkMs, watermarkMs, isIdle }) {
      const channel = channels[partition];
      if (channel === undefined) throw new RangeError(`There is no partition ${partition}`);
      channel.sourceWatermarkMs = sourceWatermarkMs;
      channel.isIdle = isIdle;
      lastMs = Math.max(lastMs, followedMs({ sourceWatermarkMs, watermarkMs, isIdle }));
      channel.isAligned = !isIdle && (channel.isAligned || sourceWatermarkMs >= lastMs);
      advance();
    },
    watermarkMs: () => lastMs,
    isIdle: allIdle,
    passOver(partition) {
      const channel = channels[partition];
      if (channel === undefined) throw new RangeError(`There is no partition ${partition}`);
      channel.isAligned = false;
      advance();
    },
    isIgnored: (partition) => channels[partition]?.isAligned === false,
    completeMs() {
      let completeMs = Number.POSITIVE_INFINITY;
      for (const { isAligned, isIdle, sourceWatermarkMs } of channels) {
        if (!isAligned && !isIdle && sourceWatermarkMs < completeMs) completeMs = sourceWatermarkMs;
      }
      return completeMs;
    },
  };
}

/** The stream's watermark when a partition last followed it. */
function followedMs({ sourceWatermarkMs, watermarkMs }: PartitionTime): number {
  return watermarkMs > sourceWatermarkMs ? watermarkMs : Number.NEGATIVE_INFINITY;
}
