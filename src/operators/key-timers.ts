/**
 * Event-time timers of keys, one for each key and instant. They fire by instant, then by which key came first, so their
 * order depends on the events seen and on nothing else. A heap finds the next timer. The keys say which of the heap's
 * entries still hold.
 */
import { addTimer, createTimers, nextDeadlineMs, type Timers, takeTimer } from '../streams/timers.ts';

/** A key with timers, told apart by a number that grows in the order in which keys came. */
export interface TimedKey {
  readonly sequence: number;
  /** Instants, in no order. */
  readonly timers: number[];
}

export interface KeyTimers<T extends TimedKey> {
  set(key: T, at: number): void;
  remove(key: T, at: number): void;
  removeAll(key: T): void;
  /** Takes out the next timer at or before `untilMs`; null when there is none. */
  take(untilMs: number): { readonly key: T; readonly at: number } | null;
  count(): number;
}

/** The heap may keep this many outdated entries, and beyond that as many as it has valid ones. */
const STALE_MIN = 1024;

export function createKeyTimers<T extends TimedKey>(): KeyTimers<T> {
  let heap: Timers = createTimers();
  const keys = new Map<number, T>();
  let count = 0;

  function dropStale(): void {
    if (heap.size < 2 * count + STALE_MIN) return;
    heap = createTimers();
    for (const { sequence, timers } of keys.values()) for (const at of timers) addTimer(heap, at, sequence);
  }
  function removeAt(key: T, place: number): void {
    key.timers.splice(place, 1);
    count -= 1;
    if (key.timers.length === 0) keys.delete(key.sequence);
  }

  return {
    set(key, at) {
      if (key.timers.includes(at)) return;
      if (key.timers.length === 0) keys.set(key.sequence, key);
      key.timers.push(at);
      count += 1;
      addTimer(heap, at, key.sequence);
      dropStale();
    },
    remove(key, at) {
      const place = key.timers.indexOf(at);
      if (place >= 0) removeAt(key, place);
    },
    removeAll(key) {
      count -= key.timers.length;
      key.timers.length = 0;
      keys.delete(key.sequence);
    },
    take(untilMs) {
      while (nextDeadlineMs(heap) <= untilMs) {
        const at = nextDeadlineMs(heap);
        const key = keys.get(takeTimer(heap));
        const place = key?.timers.indexOf(at) ?? -1;
        if (key === undefined || place < 0) continue;
        removeAt(key, place);
        return { key, at };
      }
      return null;
    },
    count: () => count,
  };
}
