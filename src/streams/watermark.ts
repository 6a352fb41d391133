/**
 * A partition's watermark: the promise that no on-time event before it is still to come.
 *
 * W = largest event time seen − out-of-orderness − 1 (Flink's BoundedOutOfOrdernessWatermarks). It never goes back.
 */

/**
 * The watermark once the input has ended: the last instant of a JavaScript Date (ECMA-262, time values).
 * Finite, so that it has an Avro and a JSON form.
 */
export const END_OF_TIME_MS = 8.64e15;
/** The watermark in a control that moves none. */
export const START_OF_TIME_MS = -8.64e15;

export type WatermarkPolicy =
  /** An event whose time is more than `maxAheadMs` beyond the wall clock is a dead letter; null for no such bound. */
  | { readonly kind: 'bounded'; readonly outOfOrdernessMs: number; readonly maxAheadMs?: number | null }
  /** Moved by the source's control events only; for tests. */
  | { readonly kind: 'scripted' };

/** All in epoch ms; -Infinity before the first event. */
export interface WatermarkState {
  maxEventTimeMs: number;
  /** The watermark of the partition's own source. */
  sourceWatermarkMs: number;
  /** The watermark of the windows: the source's, or the stream's while that is ahead and ignores this partition. */
  watermarkMs: number;
  /** An idle partition does not hold back its stream. */
  isIdle: boolean;
  /** Everything open was given, and nothing has come since. */
  isFlushed: boolean;
}

export function initialWatermark(): WatermarkState {
  const never = Number.NEGATIVE_INFINITY;
  return { maxEventTimeMs: never, sourceWatermarkMs: never, watermarkMs: never, isIdle: false, isFlushed: false };
}

/** Takes an event's time into account, and returns the watermark after it. */
export function observeEventTime(state: WatermarkState, policy: WatermarkPolicy, eventTimeMs: number): number {
  if (eventTimeMs > state.maxEventTimeMs) {
    state.maxEventTimeMs = eventTimeMs;
    if (policy.kind === 'bounded') advanceWatermark(state, eventTimeMs - policy.outOfOrdernessMs - 1);
  }
  return state.watermarkMs;
}

/** Moves the watermark on the source's word; a step back is ignored. Returns the new watermark. */
export function advanceWatermark(state: WatermarkState, watermarkMs: number): number {
  if (watermarkMs > state.sourceWatermarkMs) state.sourceWatermarkMs = Math.min(watermarkMs, END_OF_TIME_MS);
  return followStream(state, watermarkMs);
}

/** Moves the windows on with the stream, and leaves the source's watermark alone. Returns the new watermark. */
export function followStream(state: WatermarkState, watermarkMs: number): number {
  if (watermarkMs > state.watermarkMs) state.watermarkMs = Math.min(watermarkMs, END_OF_TIME_MS);
  return state.watermarkMs;
}
