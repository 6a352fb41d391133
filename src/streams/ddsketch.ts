/**
 * Quantiles, approximately: DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019). The result is within 1 % of the value at
 * that rank, whatever the values are, and never below the smallest or above the largest, which are exact. Merging loses
 * nothing.
 *
 * A bucket holds the values from γ^(i−1) to γ^i, γ = 1.01 / 0.99. There are at most 2048 of either sign, which is
 * 17 orders of magnitude; beyond that the smallest ones are made one, and only quantiles that lie there suffer.
 */
import { type Aggregate, loadNumbers, saveNumbers } from './aggregate-function.ts';

/** Separates the smallest and largest value, which older snapshots lack, from the rest: no character of base64. */
const BOUNDS = '~';

export const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
const MAX_BUCKETS = 2048;

interface Sketch {
  zeros: number;
  /** The smallest and the largest value; infinite bounds from a snapshot without them. */
  min: number;
  max: number;
  /** Counts of values by the index of their bucket; negative values by the bucket of their magnitude. */
  positive: Map<number, number>;
  negative: Map<number, number>;
}

/** The value below which a share of the values lies; `share` is from 0 to 1. */
export function quantile(share: number): Aggregate<Sketch> {
  return {
    init: () => ({
      zeros: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      positive: new Map(),
      negative: new Map(),
    }),
    fold(state, value) {
      if (value < state.min) state.min = value;
      if (value > state.max) state.max = value;
      if (value === 0) state.zeros += 1;
      else addTo(value > 0 ? state.positive : state.negative, bucketOf(Math.abs(value)), 1);
      return state;
    },
    merge(into, from) {
      into.zeros += from.zeros;
      into.min = Math.min(into.min, from.min);
      into.max = Math.max(into.max, from.max);
      for (const [bucket, values] of from.positive) addTo(into.positive, bucket, values);
      for (const [bucket, values] of from.negative) addTo(into.negative, bucket, values);
      return into;
    },
    result: (state) => valueAt(state, share),
    save({ zeros, min, max, positive, negative }) {
      const sketch = saveNumbers([zeros, positive.size, ...[...positive].flat(), ...[...negative].flat()]);
      return `${sketch}${BOUNDS}${saveNumbers([min, max])}`;
    },
    load(text) {
      const [sketch = '', bounds] = text.split(BOUNDS);
      const [zeros = 0, size = 0, ...pairs] = loadNumbers(sketch);
      const [min, max] = bounds === undefined ? [] : loadNumbers(bounds);
      return {
        zeros,
        min: min ?? Number.NEGATIVE_INFINITY,
        max: max ?? Number.POSITIVE_INFINITY,
        positive: mapOf(pairs.slice(0, 2 * size)),
        negative: mapOf(pairs.slice(2 * size)),
      };
    },
  };
}

function bucketOf(magnitude: number): number {
  return Math.ceil(Math.log(Math.min(magnitude, Number.MAX_VALUE)) / LOG_GAMMA);
}

function addTo(buckets: Map<number, number>, bucket: number, values: number): void {
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + values);
  if (buckets.size <= MAX_BUCKETS) return;
  const [smallest = 0, next = 0] = [...buckets.keys()].sort((a, b) => a - b);
  buckets.set(next, (buckets.get(next) ?? 0) + (buckets.get(smallest) ?? 0));
  buckets.delete(smallest);
}

function valueAt(sketch: Sketch, share: number): number | null {
  const { zeros, min, max, positive, negative } = sketch;
  const total = zeros + sum(positive) + sum(negative);
  if (total === 0) return null;
  const rank = Math.floor(share * (total - 1));
  if (rank === 0 && Number.isFinite(min)) return min;
  if (rank === total - 1 && Number.isFinite(max)) return max;
  return Math.min(Math.max(approximately(sketch, rank), min), max);
}

/** The middle of the bucket that holds the value of this rank; `rank` is below the largest value's. */
function approximately({ zeros, positive, negative }: Sketch, rank: number): number {
  let below = 0;
  for (const [bucket, values] of [...negative].sort(([a], [b]) => b - a)) {
    below += values;
    if (below > rank) return -middleOf(bucket);
  }
  below += zeros;
  if (below > rank) return 0;
  let last = 0;
  for (const [bucket, values] of [...positive].sort(([a], [b]) => a - b)) {
    last = middleOf(bucket);
    below += values;
    if (below > rank) break;
  }
  return last;
}

/** The middle of a bucket: equally far from both ends, relative to each end. */
function middleOf(bucket: number): number {
  return Math.min((2 * GAMMA ** bucket) / (GAMMA + 1), Number.MAX_VALUE);
}

function sum(buckets: ReadonlyMap<number, number>): number {
  let values = 0;
  for (const inBucket of buckets.values()) values += inBucket;
  return values;
}

function mapOf(pairs: readonly number[]): Map<number, number> {
  const buckets = new Map<number, number>();
  for (let i = 0; i < pairs.length; i += 2) buckets.set(pairs[i]!, pairs[i + 1]!);
  return buckets;
}
