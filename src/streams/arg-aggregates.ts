/**
 * arg_max(x, y) and arg_min(x, y): the x of the event with the largest, or smallest, y. Among events with that y the
 * earliest counts, and among events of one time the smallest x, so neither arrival nor the number of partitions shows. An
 * event whose x or y is null does not count.
 */
import type { Column } from '../messages/columns.ts';
import { type AggregateValue, loadNumbers, saveNumbers } from './aggregate-function.ts';
import { type ObjectStates, valueAt } from './states.ts';

export const argMax = (): ObjectStates => argStates(1);
export const argMin = (): ObjectStates => argStates(-1);

/** The largest y times the sign wins. */
function argStates(sign: 1 | -1): ObjectStates {
  const ranks: number[] = [];
  const timesMs: number[] = [];
  const values: (AggregateValue | undefined)[] = [];
  let read: Column | null = null;
  let by: Column | null = null;

  function offer(group: number, rank: number, timeMs: number, value: AggregateValue): void {
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
      const rank = by.values[row]! * sign;
      // Nearly all events lose here, before their x is read. A y that is not finite has no rank.
      if (!(rank >= ranks[group]!) || !Number.isFinite(rank)) return;
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
      return JSON.stringify([
        saveNumbers([ranks[group]!, timesMs[group]!]),
        typeof value === 'number' ? { number: saveNumbers([value]) } : value,
      ]);
    },
    load(group, text) {
      const [numbers, value]: [string?, (string | { number: string })?] = JSON.parse(text);
      if (numbers === undefined || value === undefined) return;
      const [rank = 0, timeMs = 0] = loadNumbers(numbers);
      ranks[group] = rank;
      timesMs[group] = timeMs;
      values[group] = typeof value === 'string' ? value : loadNumbers(value.number)[0];
    },
  };
}
