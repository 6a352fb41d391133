/**
 * Events whose time lies too far ahead are dead letters: one of them would carry the watermark along, and close every
 * window on all that comes after it. How far is measured from the wall clock, and not from the largest time seen: after
 * a pause that is longer than the bound, every event would be too far ahead of that, for ever. What is refused stands in
 * the commit as a dead letter instead of an event, so a replay asks no clock.
 */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';
import { END_OF_TIME_MS, type WatermarkPolicy } from '../streams/watermark.ts';

/** Later than this no window would close before time ends. Some thousand years are left for its length. */
export const LATEST_EVENT_MS = END_OF_TIME_MS - 1000 * 366 * 86_400_000;

/** The latest event time that is taken at this time of the wall clock. */
export function latestTakenMs(policy: WatermarkPolicy, nowMs: number): number {
  const maxAheadMs = policy.kind === 'bounded' ? (policy.maxAheadMs ?? null) : null;
  return maxAheadMs === null ? LATEST_EVENT_MS : Math.min(LATEST_EVENT_MS, nowMs + maxAheadMs);
}

export function isAnyAhead(timesMs: Float64Array, latestMs: number): boolean {
  for (let i = 0; i < timesMs.length; i++) if (timesMs[i]! > latestMs) return true;
  return false;
}

/** The block of those that are taken, and that of the dead letters. */
export function withoutAhead(
  type: EventType<DynamicEvent>,
  events: readonly DynamicEvent[],
  timesMs: Float64Array,
  latestMs: number,
  origin: Pick<DeadLetter, 'stream' | 'source' | 'position'>,
): { readonly taken: Block; readonly letters: Block } {
  const letters = events.flatMap((event, i): DeadLetter | [] => {
    const timeMs = timesMs[i]!;
    if (timeMs <= latestMs) return [];
    const raw = Buffer.from(JSON.stringify(event));
    const detail = `its time, ${timeMs}, is later than the latest that was taken then, ${latestMs}`;
    return { ...origin, reason: 'too-far-ahead', detail, raw, rawLength: raw.length };
  });
  return {
    taken: type.encodeBlock(events.filter((_, i) => timesMs[i]! <= latestMs)),
    letters: deadLetterType.encodeBlock(letters),
  };
}
