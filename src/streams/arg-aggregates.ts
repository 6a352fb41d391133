/**
 * arg_max(x, y) and arg_min(x, y): the x of the event with the largest, or smallest, y. Among events with that y the
 * earliest counts, and among events of one time the smallest x, so neither arrival nor the number of partitions shows. An
 * event whose x or y is null does not count.
 */
import { type Column, numberAt } from '../messages/columns.ts';
import type { ExactLong } from '../messages/exact-long.ts';
import {
  type AggregateValue,
  loadNumbers,
  loadValue,
  type SavedValue,
  saveNumbers,
  saveValue,
} from './aggregate-function.ts';
import { type ObjectStates, valueAt } from './states.ts';

export const argMax = (): ObjectStates => argStates(1);
export const argMin = (): ObjectStates => argStates(-1);

/** A number keeps every bit; JSON would not. */
type Saved = SavedValue | { readonly number: string };

/** The largest y times the sign wins. */
function argStates(sign: 1 | -1): ObjectStates {
  const ranks: ExactLong[] = [];
  const timesMs: number[] = [];
  const values: (AggregateValue | undefined)[] = [];
  let read: Column | null = null;
  let by: Column | null = null;

  function offer(group: number, rank: ExactLong, timeMs: number, value: AggregateValue): void {
    const best = values[group];
    if (best !== undefined) {
      if (rank < ranks[group]!) return;
      if (rank === ranks[group]!) {
        if (timeMs > timesMs[group]!) return;
        if (timeMs === timesMs[group]! && value >= best) return;
      }
    }
    ranks[group] = rank;
    timesMs[group] = timeMs;
    values[group] = value;
  }

  return {
    kind: 'objects',
    bind(column, second) {
      if (second?.kind !== 'number') throw new Error('arg_max() and arg_min() go by a number');
      read = column;
      by = second;
    },
    open(group) {
      ranks[group] = Number.NEGATIVE_INFINITY;
      timesMs[group] = 0;
      values[group] = undefined;
    },
    close(group) {
      values[group] = undefined;
    },
    fold(group, row, timeMs) {
      if (read === null || by?.kind !== 'number' || by.nulls?.[row] === 1) return;
      const rounded = by.values[row]! * sign;
      const wide = by.exact === null ? rounded : numberAt(by, row);
      const rank = typeof wide === 'bigint' ? wide * BigInt(sign) : rounded;
      // Nearly all events lose here, before their x is read. A y that is not finite has no rank.
      if (!(rank >= ranks[group]!) || !Number.isFinite(rounded)) return;
      const value = valueAt(read, row);
      if (value !== null) offer(group, rank, timeMs, value);
    },
    merge(into, from) {
      const value = values[from];
      if (value !== undefined) offer(into, ranks[from]!, timesMs[from]!, value);
    },
    result: (group) => values[group] ?? null,
    save(group) {
      const value = values[group];
      if (value === undefined) return '[]';
      const rank = ranks[group]!;
      const saved = typeof value === 'number' ? { number: saveNumbers([value]) } : saveValue(value);
      const wide = typeof rank === 'bigint' ? [saveValue(rank)] : [];
      return JSON.stringify([saveNumbers([Number(rank), timesMs[group]!]), saved, ...wide]);
    },
    load(group, text) {
      const [numbers, value, wide]: [string?, Saved?, { long: string }?] = JSON.parse(text);
      if (numbers === undefined || value === undefined) return;
      const [rank = 0, timeMs = 0] = loadNumbers(numbers);
      ranks[group] = wide === undefined ? rank : BigInt(wide.long);
      timesMs[group] = timeMs;
      values[group] = typeof value === 'object' && 'number' in value ? loadNumbers(value.number)[0] : loadValue(value);
    },
  };
}
