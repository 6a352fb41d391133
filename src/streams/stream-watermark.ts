/**
 * A stream's watermark: the minimum over its active partitions, by the rules of Flink's StatusWatermarkValve. It never
 * goes back. An idle partition leaves the minimum; one that is active again is ignored until it has caught up; when all
 * are idle, the stream is idle and stands at the largest of them.
 */

/** Where one partition stands. In epoch ms; -Infinity before the first event. */
export interface PartitionTime {
  readonly sourceWatermarkMs: number;
  /** What its windows fire by: ahead of its source's while the stream does not wait for it. */
  readonly watermarkMs: number;
  readonly isIdle: boolean;
}

export interface StreamWatermark {
  /** Takes into account where a partition stands now. */
  update(partition: number, time: PartitionTime): void;
  watermarkMs(): number;
  isIdle(): boolean;
  /** Whether the stream goes on without this partition: it is idle, or has to catch up. */
  isIgnored(partition: number): boolean;
}

interface Channel {
  sourceWatermarkMs: number;
  isIdle: boolean;
  isAligned: boolean;
}

/**
 * As after a restart: the stream goes on from `resumedMs`, and a partition whose windows went further than its source has
 * still to catch up.
 */
export function createStreamWatermark(
  partitions: readonly PartitionTime[],
  resumedMs = Number.NEGATIVE_INFINITY,
): StreamWatermark {
  const channels: Channel[] = partitions.map(({ sourceWatermarkMs, watermarkMs, isIdle }) => ({
    sourceWatermarkMs,
    isIdle,
    isAligned: !isIdle && sourceWatermarkMs >= watermarkMs,
  }));
  let lastMs = Math.max(resumedMs, ...partitions.map(followedMs));
  const allIdle = (): boolean => channels.every((channel) => channel.isIdle);

  function advance(): void {
    const isIdle = allIdle();
    let next = isIdle ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    let counted = 0;
    // Once an event: no list is made.
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
    isIgnored: (partition) => channels[partition]?.isAligned === false,
  };
}

/** Where the stream stood when a partition went on with it. */
function followedMs({ sourceWatermarkMs, watermarkMs }: PartitionTime): number {
  return watermarkMs > sourceWatermarkMs ? watermarkMs : Number.NEGATIVE_INFINITY;
}
