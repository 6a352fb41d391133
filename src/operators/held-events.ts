/**
 * Events that wait for the watermark, for an operator that takes them in the order of their times. The order of arrival
 * would not do: events of several logs arrive in another order on another number of partitions. Among events of one time,
 * the stream decides, then the content.
 */

import type { DynamicEvent } from '../messages/codec.ts';
import { exactJson } from '../messages/event-json.ts';
import { longOfText } from '../messages/exact-long.ts';

export interface HeldEvent {
  readonly stream: string;
  readonly timeMs: number;
  /** The event's number among the events that the operator was given. */
  readonly position: number;
  /** The event with all its fields. */
  readonly event: DynamicEvent;
}

export interface HeldEvents {
  add(event: HeldEvent): void;
  /** The first one at or before `untilMs`, left where it is; null when there is none. */
  first(untilMs: number): HeldEvent | null;
  /** Takes the first one out. */
  shift(): void;
  snapshot(): { stream: string; timeMs: number; position: number; event: string }[];
  restore(saved: unknown): void;
}

export function createHeldEvents(): HeldEvents {
  let events: HeldEvent[] = [];
  /** Events before this place were taken. */
  let start = 0;

  function placeOf(event: HeldEvent): number {
    let from = start;
    let to = events.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (isBefore(event, events[middle]!)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  return {
    add: (event) => void events.splice(placeOf(event), 0, event),
    first(untilMs) {
      const next = events[start];
      return next !== undefined && next.timeMs <= untilMs ? next : null;
    },
    shift() {
      start += 1;
      if (start < 1024 || start * 2 < events.length) return;
      events = events.slice(start);
      start = 0;
    },
    snapshot: () => events.slice(start).map(({ event, ...rest }) => ({ ...rest, event: JSON.stringify(event, saved) })),
    restore(state) {
      events = Array.isArray(state)
        ? state.map(({ event, ...rest }) => ({ ...rest, event: JSON.parse(event, revived) }))
        : [];
      start = 0;
    },
  };
}

function isBefore(event: HeldEvent, other: HeldEvent): boolean {
  if (event.timeMs !== other.timeMs) return event.timeMs < other.timeMs;
  if (event.stream !== other.stream) return event.stream < other.stream;
  return exactJson(event.event) < exactJson(other.event);
}

/** JSON has no form for a bigint of its own. */
function saved(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { type: 'Long', data: value.toString() } : value;
}

/** Restores bytes, which JSON has as a list of numbers, and bigints. */
function revived(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('data' in value)) return value;
  if (value.type === 'Long' && typeof value.data === 'string') return longOfText(value.data) ?? value;
  return value.type === 'Buffer' && Array.isArray(value.data) ? Buffer.from(value.data) : value;
}
