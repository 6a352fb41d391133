/**
 * Events whose time lies too far ahead are dead letters: one of them would carry the watermark along and close every window
 * for all later events. The distance is measured from the wall clock. Measured from the largest time seen, every event after
 * a pause longer than the bound would be refused, for ever. The commit holds the dead letter instead of the event, so a
 * replay asks no clock.
 */
import { END_OF_TIME_MS, type WatermarkPolicy } from '../streams/watermark.ts';
import { type Refusals, refuse } from './refused.ts';

/** A later event's window could not close before time ends: a thousand years are left for its length. */
export const LATEST_EVENT_MS = END_OF_TIME_MS - 1000 * 366 * 86_400_000;

/** The latest event time that is taken at this time of the wall clock. */
export function latestTakenMs(policy: WatermarkPolicy, nowMs: number): number {
  const maxAheadMs = policy.kind === 'bounded' ? (policy.maxAheadMs ?? null) : null;
  return maxAheadMs === null ? LATEST_EVENT_MS : Math.min(LATEST_EVENT_MS, nowMs + maxAheadMs);
}

export function refuseAhead(timesMs: Float64Array, latestMs: number, refusals: Refusals): void {
  for (let row = 0; row < timesMs.length; row++) {
    if (timesMs[row]! <= latestMs) continue;
    const detail = `its time, ${timesMs[row]}, is later than the latest that was taken then, ${latestMs}`;
    refuse(refusals, row, 'too-far-ahead', detail);
  }
}
