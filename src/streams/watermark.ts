/**
 * A partition's watermark: the promise that no on-time event before it is still to come.
 *
 * W = largest event time seen − out-of-orderness − 1 (Flink's BoundedOutOfOrdernessWatermarks). It never goes back.
 */

/**
 * Where the watermark stands once the input has ended: the last instant of a JavaScript Date (ECMA-262, time values).
 * Finite, so that it has an Avro and a JSON form.
 */
export const END_OF_TIME_MS = 8.64e15;

export type WatermarkPolicy =
  | { readonly kind: 'bounded'; readonly outOfOrdernessMs: number }
  /** Moved by the source's control events only; for tests. */
  | { readonly kind: 'scripted' };

export interface WatermarkState {
  /** Epoch ms; -Infinity before the first event. */
  maxEventTimeMs: number;
  watermarkMs: number;
}

export function initialWatermark(): WatermarkState {
  return { maxEventTimeMs: Number.NEGATIVE_INFINITY, watermarkMs: Number.NEGATIVE_INFINITY };
}

/** Takes an event's time into account, and returns the watermark after it. */
export function observeEventTime(state: WatermarkState, policy: WatermarkPolicy, eventTimeMs: number): number {
  if (eventTimeMs > state.maxEventTimeMs) {
    state.maxEventTimeMs = eventTimeMs;
    if (policy.kind === 'bounded') advanceWatermark(state, eventTimeMs - policy.outOfOrdernessMs - 1);
  }
  return state.watermarkMs;
}

/** Moves the watermark forward; a step back is ignored. Returns where it stands. */
export function advanceWatermark(state: WatermarkState, watermarkMs: number): number {
  if (watermarkMs > state.watermarkMs) state.watermarkMs = Math.min(watermarkMs, END_OF_TIME_MS);
  return state.watermarkMs;
}
