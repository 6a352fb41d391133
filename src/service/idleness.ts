/** The watermark of a running stream, and the source that journals which of its partitions are idle. */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { Block } from '../messages/block.ts';
import type { SourceControl } from '../messages/streams.ts';
import { sourceControlType } from '../messages/types.ts';
import { decideIdle, type IdleDecision } from '../streams/idleness.ts';
import { createStreamWatermark, type StreamWatermark } from '../streams/stream-watermark.ts';
import type { PartitionUnit } from './partition-unit.ts';
import type { RunningStream } from './pipeline.ts';
import type { Platform } from './platform.ts';
import { sourceChild } from './source-child.ts';

/** Name of the source that these decisions come from. */
export const IDLENESS = 'idleness';
const TICK_MS = 1000;

export interface StreamTime {
  /** The decisions to journal now; they repeat until they are journaled. */
  decide(nowMs: number): IdleDecision[];
  /** The stream's watermark as of the last decision. */
  watermarkMs(): number;
  isIdle(): boolean;
}

/** The time of a stream whose partitions have recovered. */
export function createStreamTime({ config, units }: RunningStream, startedAtMs: number): StreamTime {
  // Nothing waits for a partition that is closed.
  const timeOf = ({ door, status }: PartitionUnit) => ({ ...status(), isIdle: !door.isOpen() || status().isIdle });
  const times = () => units.map(timeOf);
  const stream: StreamWatermark = createStreamWatermark(times());
  const idleTimeoutMs = config?.watermark.kind === 'bounded' ? config.watermark.idleTimeoutMs : null;
  return {
    decide(nowMs) {
      const partitions = units.map((unit) => {
        const time = timeOf(unit);
        return { time, quietMs: nowMs - (time.lastEventAtMs ?? startedAtMs) };
      });
      const decisions = decideIdle(stream, partitions, idleTimeoutMs);
      return decisions.filter(({ partition }) => units[partition]?.door.isOpen() === true);
    },
    watermarkMs: stream.watermarkMs,
    isIdle: stream.isIdle,
  };
}

export function controlBlock(control: SourceControl['control'], watermarkMs: number): Block {
  return sourceControlType.encodeBlock([{ control, watermark: watermarkMs }]);
}

/** Looks every second, by the wall clock, at each stream that has an `idleTimeout`. */
export function idlenessChildren(streams: ReadonlyMap<string, RunningStream>, platform: Platform): ChildSpec[] {
  return [...streams.values()].flatMap((stream) => {
    if (stream.config?.watermark.kind !== 'bounded' || stream.config.watermark.idleTimeoutMs === null) return [];
    const everyMs = Math.max(1, Math.min(TICK_MS, stream.config.watermark.idleTimeoutMs));
    const { spec } = sourceChild(
      {
        name: IDLENESS,
        async run(intake, signal) {
          const time = createStreamTime(stream, platform.nowMs());
          while (!signal.aborted) {
            const durable = time.decide(platform.nowMs()).map(
              (decision) =>
                new Promise<void>((resolve, reject) => {
                  const blocks = [controlBlock(decision.control, decision.watermarkMs)];
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
