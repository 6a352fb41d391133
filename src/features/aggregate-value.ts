/** The value of an aggregate over a window, as a number; NaN for null. */
import { type Computed, type KeyWindows, placeOfRow } from './key-windows.ts';
import type { PlacedAggregate } from './row-columns.ts';
import { COUNT, keepExtreme, seriesDeviation, seriesExtreme, seriesMean, seriesSum } from './series.ts';

/** `key` has the rows; they and the windows are those of `computed`. */
export function aggregateValue(all: KeyWindows, key: number, computed: Computed, placed: PlacedAggregate): number {
  const { aggregate, window, series, hits } = placed;
  const { states, exact } = all;
  const own = all.windows[window]!.series;
  const head = computed.stateKey * all.stateNumbers;
  const at = head + own[series]!.at;
  switch (aggregate.fn) {
    case 'count':
      return states[at + COUNT]!;
    case 'sum':
      return seriesSum(states, at, exact);
    case 'avg':
      return seriesMean(states, at, exact);
    case 'stddev':
      return seriesDeviation(states, at, exact);
    case 'share': {
      const count = states[at + COUNT]!;
      return count === 0 ? 0 : states[head + own[hits]!.at + COUNT]! / count;
    }
    case 'min':
    case 'max':
      return extremeOf(all, key, computed, placed, at);
    case 'distinct':
      return distinctOf(all, key, computed, placed);
    case 'first':
      return neighbourOf(all, key, computed, placed, 1);
    case 'last':
      return neighbourOf(all, key, computed, placed, -1);
    case 'lag':
      return lagOf(all, key, computed, placed);
  }
}

function extremeOf(all: KeyWindows, key: number, computed: Computed, placed: PlacedAggregate, at: number): number {
  const { aggregate, window } = placed;
  const isLargest = aggregate.fn === 'max';
  const known = seriesExtreme(all.states, at, isLargest);
  if (!Number.isNaN(known) || all.states[at + COUNT] === 0) return known;
  let found = isLargest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (let row = computed.tails[window]!; row < computed.fronts[window]!; row++) {
    const value = valueAt(all, key, row, placed);
    if (!Number.isNaN(value)) found = isLargest ? Math.max(found, value) : Math.min(found, value);
  }
  keepExtreme(all.states, at, isLargest, found);
  return found;
}

/** Null for a row that does not count. */
function valueAt(all: KeyWindows, key: number, row: number, { value, mask }: PlacedAggregate): number {
  const place = placeOfRow(all, key, row);
  return mask >= 0 && all.arena.rows[place + mask] !== 1 ? Number.NaN : all.arena.rows[place + value]!;
}

function distinctOf(all: KeyWindows, key: number, computed: Computed, placed: PlacedAggregate): number {
  const seen = new Set<number>();
  for (let row = computed.tails[placed.window]!; row < computed.fronts[placed.window]!; row++) {
    const value = valueAt(all, key, row, placed);
    if (!Number.isNaN(value)) seen.add(value);
  }
  return seen.size;
}

/** The first value from an end of the window. */
function neighbourOf(
  all: KeyWindows,
  key: number,
  { tails, fronts }: Computed,
  placed: PlacedAggregate,
  step: 1 | -1,
): number {
  const [tail, front] = [tails[placed.window]!, fronts[placed.window]!];
  for (let row = step === 1 ? tail : front - 1; row >= tail && row < front; row += step) {
    const value = valueAt(all, key, row, placed);
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

/** Of the event so many before this one, among those that count; where there is a delay, before the window's end. */
function lagOf(all: KeyWindows, key: number, { row: own, tails, fronts }: Computed, placed: PlacedAggregate): number {
  const { window, value, mask, aggregate } = placed;
  let left = aggregate.back ?? 1;
  for (let row = fronts[window]! - 1; row >= tails[window]!; row--) {
    const place = placeOfRow(all, key, row);
    if (row === own || (mask >= 0 && all.arena.rows[place + mask] !== 1)) continue;
    left -= 1;
    if (left === 0) return all.arena.rows[place + value]!;
  }
  return Number.NaN;
}
