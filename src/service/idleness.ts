/** The watermark of a running stream, and the source that journals which of its partitions are idle, or left behind. */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { Block } from '../messages/block.ts';
import type { SourceControl } from '../messages/streams.ts';
import { leftBehindType, sourceControlType } from '../messages/types.ts';
import { decideIdle } from '../streams/idleness.ts';
import { createLongWaits } from '../streams/long-waits.ts';
import { createStreamWatermark, type StreamWatermark } from '../streams/stream-watermark.ts';
import type { PartitionUnit } from './partition-unit.ts';
import type { Pipeline, RunningExchange, RunningStream } from './pipeline.ts';
import type { Platform } from './platform.ts';
import { sourceChild } from './source-child.ts';

/** Name of the source that these decisions come from. */
export const IDLENESS = 'idleness';
const TICK_MS = 1000;

/** A decision that a partition is to journal. */
interface TimeDecision {
  readonly partition: number;
  readonly block: Block;
}

const LEFT_BEHIND = leftBehindType.encodeBlock([{ reason: 'max-wait' }]);

export interface StreamTime {
  /** The decisions to journal now; they repeat until they are journaled. */
  decide(nowMs: number): TimeDecision[];
  /** The stream's watermark as of the last decision. */
  watermarkMs(): number;
  isIdle(): boolean;
}

/** The stream's partitions, and those of all logs that exchanges read together with its logs. */
export function readWith(
  { units }: RunningStream,
  exchanges: readonly Pick<RunningExchange, 'upstreams'>[],
): readonly PartitionUnit[] {
  const together = exchanges
    .map(({ upstreams }) => upstreams.flatMap((upstream) => upstream.units))
    .filter((all) => units.some((unit) => all.includes(unit)));
  return [...new Set([...units, ...together.flat()])];
}

/** The time of a stream whose partitions have recovered. `together` is the result of `readWith` for the stream. */
export function createStreamTime(
  { config, units }: RunningStream,
  startedAtMs: number,
  together: readonly PartitionUnit[] = units,
): StreamTime {
  // Nothing waits for a partition that is closed.
  const timeOf = ({ door, status }: PartitionUnit) => ({ ...status(), isIdle: !door.isOpen() || status().isIdle });
  const times = () => units.map(timeOf);
  const stream: StreamWatermark = createStreamWatermark(times());
  const bounds = config?.watermark.kind === 'bounded' ? config.watermark : null;
  const idleTimeoutMs = bounds?.idleTimeoutMs ?? null;
  const waits = bounds?.maxWaitMs === undefined ? null : createLongWaits(bounds.maxWaitMs);
  function leftBehind(nowMs: number): TimeDecision[] {
    if (waits === null) return [];
    const farthestMs = Math.max(...together.map((unit) => unit.status().sourceWatermarkMs));
    const overdue = waits.overdue(nowMs, farthestMs, times());
    return overdue.map((partition) => ({ partition, block: LEFT_BEHIND }));
  }
  return {
    decide(nowMs) {
      const partitions = units.map((unit) => {
        const time = timeOf(unit);
        return { time, quietMs: nowMs - (time.lastEventAtMs ?? startedAtMs) };
      });
      const idle = decideIdle(stream, partitions, idleTimeoutMs).map(
        ({ partition, control, watermarkMs }): TimeDecision => ({
          partition,
          block: controlBlock(control, watermarkMs),
        }),
      );
      const decisions = [...idle, ...leftBehind(nowMs)];
      return decisions.filter(({ partition }) => units[partition]?.door.isOpen() === true);
    },
    watermarkMs: stream.watermarkMs,
    isIdle: stream.isIdle,
  };
}

export function controlBlock(control: SourceControl['control'], watermarkMs: number): Block {
  return sourceControlType.encodeBlock([{ control, watermark: watermarkMs }]);
}

/** Looks every second, by the wall clock, at each stream that has an `idleTimeout` or a `maxWait`. */
export function idlenessChildren(
  { streams, exchanges }: Pick<Pipeline, 'streams' | 'exchanges'>,
  platform: Platform,
): ChildSpec[] {
  return [...streams.values()].flatMap((stream) => {
    if (stream.config?.watermark.kind !== 'bounded') return [];
    const { idleTimeoutMs, maxWaitMs } = stream.config.watermark;
    if (idleTimeoutMs === null && maxWaitMs === undefined) return [];
    const everyMs = Math.max(1, Math.min(TICK_MS, idleTimeoutMs ?? TICK_MS, maxWaitMs ?? TICK_MS));
    const { spec } = sourceChild(
      {
        name: IDLENESS,
        async run(intake, signal) {
          const time = createStreamTime(stream, platform.nowMs(), readWith(stream, exchanges));
          while (!signal.aborted) {
            const durable = time.decide(platform.nowMs()).map(
              (decision) =>
                new Promise<void>((resolve, reject) => {
                  const blocks = [decision.block];
                  const batch = {
                    source: IDLENESS,
                    next: null,
                    blocks,
                    onDurable: () => resolve(),
                    onRejected: reject,
                  };
                  intake.deliver(decision.partition, batch).catch(reject);
                }),
            );
            await Promise.all(durable);
            await platform.sleep(everyMs, signal);
          }
        },
      },
      stream.intake,
      stream.units,
    );
    return [{ ...spec, id: `idleness/${stream.name}`, kind: 'idleness' }];
  });
}
