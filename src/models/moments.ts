/**
 * Mean, range and tenths of the columns of a table: by them missing and far-off values are replaced, and drift is
 * measured.
 */
import type { Table } from './table.ts';

export interface ColumnRange {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Nine values that cut the rows into tenths. */
  readonly tenths: readonly number[];
  /** Share of the rows in each of the parts that `tenths` cut: ten of them. */
  readonly shares: readonly number[];
}

/** NaN is left out. A column without a number has a range from 0 to 0. */
export function columnRanges({ names, rows, values }: Table): ColumnRange[] {
  return names.map((_, column) => {
    const numbers = Float64Array.from({ length: rows }, (_, row) => values[row * names.length + column]!).filter(
      (value) => !Number.isNaN(value),
    );
    return rangeOf(numbers);
  });
}

export function rangeOf(numbers: Float64Array): ColumnRange {
  const sorted = Float64Array.from(numbers).sort();
  const count = sorted.length;
  let sum = 0;
  for (const value of sorted) sum += value;
  const tenths = Array.from({ length: 9 }, (_, at) => sorted[Math.floor(((at + 1) * count) / 10)] ?? 0);
  return {
    mean: count === 0 ? 0 : sum / count,
    low: sorted[0] ?? 0,
    high: sorted[count - 1] ?? 0,
    tenths,
    shares: sharesOf(sorted, tenths),
  };
}

/** Share of the numbers in each part: above the cut before it, up to its own. */
export function sharesOf(numbers: Float64Array, cuts: readonly number[]): number[] {
  const counts = new Array<number>(cuts.length + 1).fill(0);
  for (const value of numbers) {
    let part = 0;
    while (part < cuts.length && value > cuts[part]!) part += 1;
    counts[part]! += 1;
  }
  return counts.map((count) => (numbers.length === 0 ? 0 : count / numbers.length));
}

/** A share of a part is taken as no smaller, as is usual, so that an empty part gives a number. */
const LEAST_SHARE = 1e-4;

/**
 * Population stability index: Σ (now − before) · ln(now / before) over the parts. Up to 0.1 is usual, 0.25 is a shift
 * (Siddiqi, Credit Risk Scorecards, 2006).
 */
export function stabilityIndex(before: readonly number[], now: readonly number[]): number {
  return before.reduce((sum, share, part) => {
    const was = Math.max(share, LEAST_SHARE);
    const is = Math.max(now[part] ?? 0, LEAST_SHARE);
    return sum + (is - was) * Math.log(is / was);
  }, 0);
}

/** A number in place of what is missing or far beyond what training saw: the mean; the range, wider by itself on each side. */
export function keptInRange(value: number, { mean, low, high }: ColumnRange): number {
  if (Number.isNaN(value)) return mean;
  const room = high - low;
  return Math.min(Math.max(value, low - room), high + room);
}
