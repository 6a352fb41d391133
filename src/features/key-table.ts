/** The keys of a stage, by what they are called; those without anything in their windows are forgotten from time to time. */
import type { Key } from '../streams/key-column.ts';
import { addKey, forgetKey, isOver, type KeyWindows } from './key-windows.ts';

export interface KeyTable {
  readonly windows: KeyWindows;
  /** The number of a key, which is a new one where it has none. */
  of(key: Key): number;
  /** Undefined for a key without events. */
  known(key: Key): number | undefined;
  keyOf(index: number): Key;
  all(): readonly (readonly [Key, number])[];
  count(): number;
  /** Forgets keys that nothing is left of at this time. */
  sweep(timeMs: number): void;
  /** Events of a key are forgotten so long after their time. */
  readonly horizonMs: number;
}

/** Keys are gone through each time that so much of the horizon is over. */
const SWEEPS = 4;

export function createKeyTable(windows: KeyWindows, horizonMs: number): KeyTable {
  const indexes = new Map<Key, number>();
  const keys: Key[] = [];
  let nextSweepMs = Number.NEGATIVE_INFINITY;
  return {
    windows,
    horizonMs,
    of(key) {
      const known = indexes.get(key);
      if (known !== undefined) return known;
      const index = addKey(windows);
      indexes.set(key, index);
      keys[index] = key;
      return index;
    },
    known: (key) => indexes.get(key),
    keyOf: (index) => keys[index] ?? null,
    all: () => [...indexes],
    count: () => indexes.size,
    sweep(timeMs) {
      if (timeMs < nextSweepMs) return;
      nextSweepMs = timeMs + Math.max(1, horizonMs / SWEEPS);
      for (const [key, index] of indexes) {
        if (!isOver(windows, index, horizonMs, timeMs)) continue;
        indexes.delete(key);
        forgetKey(windows, index);
      }
    },
  };
}
