/**
 * Join of two streams: events of a key match whose times are near enough, at most `within` apart (interval join; the right
 * event may have one bound before the left event and another after it, as in Kafka's JoinWindows) or in the same tumbling
 * window (window join). Each pair is given when the second of the two comes. The null side of a left or
 * outer join is given once no match can come any more, when the watermark has passed the last time of a match and `grace`
 * (Kafka Streams, KIP-633), and the event is then forgotten.
 *
 * A flush gives the null sides of waiting events. A match that comes later still gives its pair; the pairs of an event then
 * hold in place of its null side.
 *
 * An event is late, and is not joined, when the watermark has reached its time, or the last millisecond of its window, plus
 * the grace. So a null side that was given on time stays true.
 */

import {
  type JoinEntry,
  type JoinEvent,
  type JoinOperator,
  type JoinResults,
  NO_ROW,
  type Side,
  type StreamJoinSpec,
  type WithinMs,
} from './join-kind.ts';
import type { Key } from './key-column.ts';
import { addTimer, createTimers, nextDeadlineMs, takeTimer } from './timers.ts';
import { windowStart } from './window-kind.ts';

interface Buffered {
  readonly side: Side;
  readonly key: Key;
  readonly timeMs: number;
  readonly sequence: number;
  readonly event: JoinEvent;
  isMatched: boolean;
  /** NO_ROW when a flush gave the null side; null when none did. */
  given: number | null;
}

/** In order of time, then of arrival. No event expires after a later one. */
type Buffer = Buffered[];

function insert(buffer: Buffer, buffered: Buffered): void {
  let place = buffer.length;
  while (place > 0 && buffer[place - 1]!.timeMs > buffered.timeMs) place -= 1;
  buffer.splice(place, 0, buffered);
}

/** The place of the first event that is not before `timeMs`. */
function firstFrom(buffer: Buffer, timeMs: number): number {
  let low = 0;
  let high = buffer.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (buffer[middle]!.timeMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first and the last time that a match of an event may have. */
interface Span {
  firstMs(timeMs: number): number;
  lastMs(timeMs: number): number;
}

function spansOf(spec: StreamJoinSpec): Readonly<Record<Side, Span>> {
  if (spec.kind === 'interval') {
    const { before, after } = boundsOf(spec.withinMs);
    return {
      left: { firstMs: (timeMs) => timeMs - before, lastMs: (timeMs) => timeMs + after },
      right: { firstMs: (timeMs) => timeMs - after, lastMs: (timeMs) => timeMs + before },
    };
  }
  const { sizeMs, offsetMs } = spec;
  const window: Span = {
    firstMs: (timeMs) => windowStart(timeMs, sizeMs, offsetMs),
    lastMs: (timeMs) => windowStart(timeMs, sizeMs, offsetMs) + sizeMs - 1,
  };
  return { left: window, right: window };
}

/** How far a null side, or a pair, may be behind the watermark when it is given. */
export function streamJoinHeldBackMs(spec: StreamJoinSpec): number {
  if (spec.kind === 'window') return spec.graceMs + spec.sizeMs;
  const { before, after } = boundsOf(spec.withinMs);
  const waits = { inner: 0, left: after, outer: Math.max(before, after) };
  return spec.graceMs + waits[spec.type];
}

function boundsOf(withinMs: number | WithinMs): WithinMs {
  return typeof withinMs === 'number' ? { before: withinMs, after: withinMs } : withinMs;
}

export function createStreamJoin(spec: StreamJoinSpec): JoinOperator {
  const { kind, type, graceMs } = spec;
  const spans = spansOf(spec);
  const buffers: Readonly<Record<Side, Map<Key, Buffer>>> = { left: new Map(), right: new Map() };
  const bySequence = new Map<number, Buffered>();
  const expiry = createTimers();
  let nextSequence = 0;

  function lastMsOf({ side, timeMs }: Buffered): number {
    return spans[side].lastMs(timeMs);
  }
  function keep(buffered: Buffered): void {
    const own = buffers[buffered.side].get(buffered.key);
    if (own === undefined) buffers[buffered.side].set(buffered.key, [buffered]);
    else insert(own, buffered);
    bySequence.set(buffered.sequence, buffered);
    addTimer(expiry, lastMsOf(buffered) + graceMs, buffered.sequence);
  }
  function forget(buffered: Buffered): void {
    const { side, key, sequence } = buffered;
    bySequence.delete(sequence);
    const own = buffers[side].get(key);
    own?.shift();
    if (own?.length === 0) buffers[side].delete(key);
  }
  function giveUnmatched({ side, key, event, timeMs }: Buffered, out: JoinResults): void {
    if (side === 'left' && type !== 'inner') out.push({ key, left: event, right: null, ts: timeMs });
    if (side === 'right' && type === 'outer') out.push({ key, left: null, right: event, ts: timeMs });
  }

  return {
    add(side, key, timeMs, event, watermarkMs, out) {
      const span = spans[side];
      const lastMs = span.lastMs(timeMs);
      const dueMs = kind === 'window' ? lastMs : timeMs;
      if (dueMs + graceMs <= watermarkMs) return watermarkMs - dueMs;
      const own: Buffered = { side, key, timeMs, sequence: nextSequence++, event, isMatched: false, given: null };
      // A null key matches nothing, as in SQL.
      const others = key === null ? [] : (buffers[side === 'left' ? 'right' : 'left'].get(key) ?? []);
      for (let i = firstFrom(others, span.firstMs(timeMs)); i < others.length; i++) {
        const other = others[i]!;
        if (other.timeMs > lastMs) break;
        other.isMatched = true;
        own.isMatched = true;
        const [left, right] = side === 'left' ? [own, other] : [other, own];
        out.push({ key, left: left.event, right: right.event, ts: Math.max(timeMs, other.timeMs) });
      }
      keep(own);
      return null;
    },
    remove() {},
    advance(watermarkMs, out) {
      while (nextDeadlineMs(expiry) <= watermarkMs) {
        const buffered = bySequence.get(takeTimer(expiry));
        if (buffered === undefined) continue;
        if (!buffered.isMatched && buffered.given === null) giveUnmatched(buffered, out);
        forget(buffered);
      }
    },
    flush(out) {
      const waiting = [...bySequence.values()].filter(({ isMatched, given }) => !isMatched && given === null);
      waiting.sort((a, b) => lastMsOf(a) - lastMsOf(b) || a.sequence - b.sequence);
      for (const buffered of waiting) {
        giveUnmatched(buffered, out);
        buffered.given = NO_ROW;
      }
    },
    snapshot: (): JoinEntry[] => [...bySequence.values()],
    restore(entries) {
      for (const { event, ...entry } of entries) {
        if (event !== null) keep({ ...entry, event });
        nextSequence = Math.max(nextSequence, entry.sequence + 1);
      }
    },
    size: () => bySequence.size,
  };
}
