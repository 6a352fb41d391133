/** Aggregates whose state is a few numbers. */
import type { NumberAggregate } from './aggregate-function.ts';
import {
  addLongToSum,
  addToSum,
  type ExactSums,
  exactWholeSumOf,
  mergeSum,
  SUM_OF_NOTHING,
  sumOf,
  wholeSumOf,
} from './exact-sum.ts';

/** Counts events, not values. */
export const count: NumberAggregate = { initial: [], fold() {}, merge() {}, result: (_, __, events) => events };

/** Counts the values that are not null. */
export const countValues: NumberAggregate = {
  initial: [0],
  isOfAny: true,
  fold(states, at) {
    states[at]! += 1;
  },
  merge(states, into, from) {
    states[into]! += states[from]!;
  },
  result: (states, at) => states[at]!,
};

/** The sum is null beyond the largest double, and so is the average. */
export const sum: NumberAggregate = { initial: SUM_OF_NOTHING, fold: addToSum, merge: mergeSum, result: sumAt };

function sumAt(states: Float64Array, at: number, _: number, exact: ExactSums): number | null {
  return sumOf(states, at, exact);
}

/** The sum of whole numbers is exact, and null beyond 64 bits. */
export const sumOfLongs: NumberAggregate = {
  ...sum,
  foldWide: addLongToSum,
  result: (states, at, _, exact) => wholeSumOf(states, at, exact),
};

/** The sum of decimals as whole numbers has as many digits as a result has. */
export const sumOfDecimals: NumberAggregate = {
  ...sumOfLongs,
  result(states, at, _, exact) {
    const total = exactWholeSumOf(states, at, exact);
    return total !== null && total < SUM_END && total > -SUM_END ? total : null;
  },
};

const SUM_END = 10n ** 38n;

export const average: NumberAggregate = {
  initial: [...SUM_OF_NOTHING, 0],
  fold(states, at, values, row, exact) {
    addToSum(states, at, values, row, exact);
    states[at + 2]! += 1;
  },
  foldWide(states, at, value, exact) {
    addLongToSum(states, at, value, exact);
    states[at + 2]! += 1;
  },
  merge(states, into, from, exact) {
    mergeSum(states, into, from, exact);
    states[into + 2]! += states[from + 2]!;
  },
  result(states, at, _, exact) {
    const total = sumOf(states, at, exact);
    return total === null ? null : total / states[at + 2]!;
  },
};

/** The state without values is infinity. -0 is 0. */
export const min: NumberAggregate = {
  initial: [Number.POSITIVE_INFINITY],
  fold(states, at, values, row) {
    if (values[row]! < states[at]!) states[at] = values[row]! + 0;
  },
  merge(states, into, from) {
    if (states[from]! < states[into]!) states[into] = states[from]!;
  },
  result: finiteOrNull,
};

export const max: NumberAggregate = {
  initial: [Number.NEGATIVE_INFINITY],
  fold(states, at, values, row) {
    if (values[row]! > states[at]!) states[at] = values[row]! + 0;
  },
  merge(states, into, from) {
    if (states[from]! > states[into]!) states[into] = states[from]!;
  },
  result: finiteOrNull,
};

/** Truths are 0 and 1: all of them are true when the smallest is. */
export const boolAnd: NumberAggregate = { ...min, result: truthOrNull };
export const boolOr: NumberAggregate = { ...max, result: truthOrNull };

function truthOrNull(states: Float64Array, at: number): boolean | null {
  const state = finiteOrNull(states, at);
  return state === null ? null : state === 1;
}

function finiteOrNull(states: Float64Array, at: number): number | null {
  const state = states[at]!;
  return Number.isFinite(state) ? state : null;
}
