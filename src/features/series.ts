/**
 * The state of a window over its values, as numbers in place: how many values there are, their exact sum, their
 * extremes. A value that leaves is taken out again. Sums are exact, so a window's results are those of the values in
 * it, whatever was there before; an extreme that leaves is looked for anew when it is next asked for.
 */
import { addToSum, type ExactSums, sumOf } from '../streams/exact-sum.ts';
import { deviationSample, takeFromSpread } from '../streams/spread-aggregates.ts';

/** What an aggregate's values are: a column of the rows, and the column that says which rows count; −1 for none. */
export interface SeriesSpec {
  readonly value: number;
  readonly mask: number;
  /** Which of these its aggregates need. */
  readonly sum: boolean;
  readonly squares: boolean;
  readonly extremes: boolean;
}

export interface Series extends SeriesSpec {
  /** The first of its numbers among those of a key. */
  readonly at: number;
}

/** Where a series has what, from its first number on. */
export const COUNT = 0;
/** The sum, and where the squares are kept too, what a deviation keeps. */
const SUM = 1;
const SQUARES = 3;
const SPREAD_COUNT = 5;
const LEAST = 6;
const LARGEST = 7;
export const SERIES_NUMBERS = 8;

const signed = new Float64Array(1);

/** Of no values. `states` has it from `at` on. */
export function clearSeries(states: Float64Array, at: number, exact: ExactSums): void {
  states[at + COUNT] = 0;
  for (const sum of [SUM, SQUARES]) {
    states[at + sum] = -0;
    states[at + sum + 1] = 0;
    exact.delete(at + sum);
  }
  states[at + SPREAD_COUNT] = 0;
  states[at + LEAST] = Number.POSITIVE_INFINITY;
  states[at + LARGEST] = Number.NEGATIVE_INFINITY;
}

/** Takes the row that lies at a place of `rows` in. */
export function addToSeries(
  series: Series,
  states: Float64Array,
  at: number,
  rows: Float64Array,
  place: number,
  exact: ExactSums,
): void {
  const { mask, value, sum, squares, extremes } = series;
  if (mask >= 0 && rows[place + mask] !== 1) return;
  if (value < 0) {
    states[at]! += 1;
    return;
  }
  const own = rows[place + value]!;
  if (Number.isNaN(own)) return;
  states[at]! += 1;
  if (squares) deviationSample.fold(states, at + SUM, rows, place + value, exact);
  else if (sum) addToSum(states, at + SUM, rows, place + value, exact);
  if (!extremes) return;
  // NaN stands for an extreme that has left, and stays.
  if (own < states[at + LEAST]!) states[at + LEAST] = own;
  if (own > states[at + LARGEST]!) states[at + LARGEST] = own;
}

/** Takes it out again. */
export function takeFromSeries(
  series: Series,
  states: Float64Array,
  at: number,
  rows: Float64Array,
  place: number,
  exact: ExactSums,
): void {
  const { mask, value, sum, squares, extremes } = series;
  if (mask >= 0 && rows[place + mask] !== 1) return;
  if (value < 0) {
    states[at]! -= 1;
    return;
  }
  const own = rows[place + value]!;
  if (Number.isNaN(own)) return;
  states[at]! -= 1;
  if (squares) takeFromSpread(states, at + SUM, own, exact);
  else if (sum) {
    signed[0] = -own;
    addToSum(states, at + SUM, signed, 0, exact);
  }
  if (!extremes) return;
  if (own === states[at + LEAST]) states[at + LEAST] = Number.NaN;
  if (own === states[at + LARGEST]) states[at + LARGEST] = Number.NaN;
}

/** NaN for the sum of no values. */
export function seriesSum(states: Float64Array, at: number, exact: ExactSums): number {
  return states[at + COUNT] === 0 ? Number.NaN : (sumOf(states, at + SUM, exact) ?? Number.NaN);
}

export function seriesMean(states: Float64Array, at: number, exact: ExactSums): number {
  return seriesSum(states, at, exact) / states[at + COUNT]!;
}

/** Of a sample, as SQL's stddev; NaN for fewer than two values. */
export function seriesDeviation(states: Float64Array, at: number, exact: ExactSums): number {
  const deviation = deviationSample.result(states, at + SUM, 0, exact);
  return typeof deviation === 'number' ? deviation : Number.NaN;
}

/** NaN when it has to be looked for: among the values, or because there are none. */
export function seriesExtreme(states: Float64Array, at: number, isLargest: boolean): number {
  return states[at + COUNT] === 0 ? Number.NaN : states[at + (isLargest ? LARGEST : LEAST)]!;
}

export function keepExtreme(states: Float64Array, at: number, isLargest: boolean, value: number): void {
  states[at + (isLargest ? LARGEST : LEAST)] = value;
}
