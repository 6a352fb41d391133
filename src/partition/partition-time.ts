/**
 * The event time of a partition. It follows the partition's own events or, when the partition reads other logs, the minimum
 * over these channels. Each channel then has the watermark that it has in its own log.
 */
import type { LogTime, SourceControl } from '../messages/streams.ts';
import { createStreamWatermark, type StreamWatermark } from '../streams/stream-watermark.ts';
import {
  advanceWatermark,
  END_OF_TIME_MS,
  followStream,
  initialWatermark,
  observeEventTime,
  type WatermarkPolicy,
  type WatermarkState,
} from '../streams/watermark.ts';

export interface ChannelState extends WatermarkState {
  /** The log. */
  channel: string;
  /** Whether the watermark waits for it. Null in what an earlier version wrote. */
  isAligned: boolean | null;
}

export interface PartitionTime {
  /**
   * Takes events in, fills `watermarksMs` with the watermark after each event, and returns the watermark before the first.
   * `seenMs` says, for each event, how far events of other partitions moved the channel after it: NaN for no further; the
   * whole is null where there were none. `completeMs` is filled with completeMs() after each event; null where nobody asks.
   */
  observe(
    channel: string,
    timesMs: Float64Array,
    watermarksMs: Float64Array,
    seenMs?: Float64Array | null,
    completeMs?: Float64Array | null,
  ): number;
  /** Takes into account how far events of other partitions moved a channel. Returns the watermark. */
  see(time: LogTime): number;
  /** Applies a source's control. Returns the new watermark. */
  control(channel: string, control: SourceControl): number;
  /**
   * Lets the watermark go on without the channel until the channel has caught up. The channel's own log is not told.
   * Returns the new watermark.
   */
  leaveBehind(channel: string): number;
  /** Whether everything open is to be given: true once each channel has been flushed. */
  flush(channel: string): boolean;
  state(): WatermarkState;
  /**
   * The time that all channels have reached, while the watermark goes on without a channel that is not idle; else Infinity.
   */
  completeMs(): number;
  /** Channels that the watermark goes on without, since they are idle or have to catch up. */
  behind(): readonly string[];
  /** Empty for a partition that reads no other log. */
  channels(): ChannelState[];
  restore(state: WatermarkState, channels: readonly ChannelState[]): void;
}

/** `channels` are logs with the policy of their stream; a partition without any goes by `policy`. */
export function createPartitionTime(
  policy: WatermarkPolicy,
  channels: ReadonlyMap<string, WatermarkPolicy>,
): PartitionTime {
  return channels.size === 0 ? ownTime(policy) : mergedTime(channels);
}

const NONE: readonly string[] = [];

function ownTime(policy: WatermarkPolicy): PartitionTime {
  let state = initialWatermark();
  return {
    observe(_, timesMs, watermarksMs) {
      const before = state.watermarkMs;
      if (timesMs.length > 0) wake(state);
      for (let i = 0; i < timesMs.length; i++) watermarksMs[i] = observeEventTime(state, policy, timesMs[i]!);
      return before;
    },
    see() {
      throw new Error('A partition that reads no other log was told of the time of one');
    },
    control: (_, control) => obey(state, control),
    leaveBehind: () => state.watermarkMs,
    flush() {
      state.isFlushed = true;
      return true;
    },
    state: () => state,
    completeMs: () => Number.POSITIVE_INFINITY,
    behind: () => NONE,
    channels: () => [],
    restore({ maxEventTimeMs, sourceWatermarkMs, watermarkMs, isIdle, isFlushed }) {
      state = { maxEventTimeMs, sourceWatermarkMs, watermarkMs, isIdle, isFlushed };
    },
  };
}

function mergedTime(policies: ReadonlyMap<string, WatermarkPolicy>): PartitionTime {
  const names = [...policies.keys()];
  let states: WatermarkState[] = names.map(initialWatermark);
  let merged: StreamWatermark = createStreamWatermark(states);
  const indexOf = (channel: string): number => {
    const index = names.indexOf(channel);
    if (index < 0) throw new Error(`Events of ${channel} came to a partition that reads ${names.join(', ')}`);
    return index;
  };
  return {
    observe(channel, timesMs, watermarksMs, seenMs = null, completeMs = null) {
      const index = indexOf(channel);
      const policy = policies.get(channel)!;
      const state = states[index]!;
      const before = merged.watermarkMs();
      if (timesMs.length > 0) wake(state);
      let knownMs = Number.NaN;
      for (let i = 0; i < timesMs.length; i++) {
        let ownMs = observeEventTime(state, policy, timesMs[i]!);
        if (seenMs !== null && !Number.isNaN(seenMs[i]!)) ownMs = observeEventTime(state, policy, seenMs[i]!);
        if (ownMs !== knownMs) {
          knownMs = ownMs;
          merged.update(index, state);
        }
        watermarksMs[i] = merged.watermarkMs();
        if (completeMs !== null) completeMs[i] = merged.completeMs();
      }
      return before;
    },
    see({ log, occurredAt, watermark }) {
      const index = indexOf(log);
      const state = states[index]!;
      if (occurredAt !== null) {
        wake(state);
        observeEventTime(state, policies.get(log)!, occurredAt);
      }
      if (watermark !== null) {
        state.isFlushed = false;
        advanceWatermark(state, watermark);
      }
      merged.update(index, state);
      return merged.watermarkMs();
    },
    control(channel, control) {
      const index = indexOf(channel);
      obey(states[index]!, control);
      merged.update(index, states[index]!);
      return merged.watermarkMs();
    },
    leaveBehind(channel) {
      merged.passOver(indexOf(channel));
      return merged.watermarkMs();
    },
    flush(channel) {
      states[indexOf(channel)]!.isFlushed = true;
      return states.every(({ isFlushed }) => isFlushed);
    },
    state: () => ({
      maxEventTimeMs: Math.max(...states.map(({ maxEventTimeMs }) => maxEventTimeMs)),
      sourceWatermarkMs: merged.watermarkMs(),
      watermarkMs: merged.watermarkMs(),
      isIdle: merged.isIdle(),
      isFlushed: states.every(({ isFlushed }) => isFlushed),
    }),
    completeMs: () => merged.completeMs(),
    behind: () => names.filter((_, i) => merged.isIgnored(i)),
    channels: () => states.map((state, i) => ({ ...state, channel: names[i]!, isAligned: !merged.isIgnored(i) })),
    restore({ watermarkMs }, channels) {
      const saved = names.map((name) => ({
        ...initialWatermark(),
        ...channels.find(({ channel }) => channel === name),
      }));
      states = saved;
      merged = createStreamWatermark(saved, watermarkMs);
    },
  };
}

function wake(state: WatermarkState): void {
  state.isIdle = false;
  state.isFlushed = false;
}

function obey(state: WatermarkState, { control, watermark }: SourceControl): number {
  state.isFlushed = false;
  switch (control) {
    case 'watermark':
      return advanceWatermark(state, watermark);
    case 'endOfInput':
      return advanceWatermark(state, END_OF_TIME_MS);
    case 'idle':
    case 'active':
      state.isIdle = control === 'idle';
      return followStream(state, watermark);
  }
}

/** The watermark policy of each log that is read, which is its stream's. */
export function policiesOf(
  inputs: readonly {
    readonly channels: readonly string[];
    readonly watermark: WatermarkPolicy;
    readonly isBeside?: true;
  }[],
): ReadonlyMap<string, WatermarkPolicy> {
  const own = inputs.filter(({ isBeside }) => isBeside !== true);
  return new Map(own.flatMap(({ channels, watermark }) => channels.map((channel) => [channel, watermark])));
}
