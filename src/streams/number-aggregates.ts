/** Aggregates whose state is a few numbers. */
import type { NumberAggregate } from './aggregate.ts';

/** Of events, not of values. */
export const count: NumberAggregate = { initial: [], fold() {}, merge() {}, result: (_, __, events) => events };

/**
 * Neumaier's sum (A. Neumaier, ZAMM 54, 1974): what each addition rounds away is added up beside it, so that the order
 * of the values does not show in the result: it is the exact sum, rounded once, for all but a vanishing part of inputs.
 * -0 is the sum of nothing: no sum of numbers has it once 0 is added.
 */
export const sum: NumberAggregate = {
  initial: [-0, 0],
  fold: (states, at, values, row) => addTo(states, at, values, row),
  merge(states, into, from) {
    addTo(states, into, states, from);
    states[into + 1]! += states[from + 1]!;
  },
  result: (states, at) => (Object.is(states[at], -0) ? null : summed(states, at)),
};

export const average: NumberAggregate = {
  initial: [-0, 0, 0],
  fold(states, at, values, row) {
    addTo(states, at, values, row);
    states[at + 2]! += 1;
  },
  merge(states, into, from) {
    sum.merge(states, into, from);
    states[into + 2]! += states[from + 2]!;
  },
  result: (states, at) => (states[at + 2] === 0 ? null : summed(states, at) / states[at + 2]!),
};

/** Adds the number at a place of `values`; of nothing, -0 stays what it is. */
function addTo(states: Float64Array, at: number, values: Float64Array, place: number): void {
  const before = states[at]!;
  const value = values[place]!;
  const after = before + value;
  states[at + 1]! += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
  states[at] = values === states ? after : after + 0;
}

function summed(states: Float64Array, at: number): number {
  const rounded = states[at]!;
  return Number.isFinite(rounded) ? rounded + states[at + 1]! : rounded;
}

/** Of nothing it is infinity, as it is in a state. */
export const min: NumberAggregate = {
  initial: [Number.POSITIVE_INFINITY],
  fold(states, at, values, row) {
    if (values[row]! < states[at]!) states[at] = values[row]!;
  },
  merge(states, into, from) {
    if (states[from]! < states[into]!) states[into] = states[from]!;
  },
  result: finiteOrNull,
};

export const max: NumberAggregate = {
  initial: [Number.NEGATIVE_INFINITY],
  fold(states, at, values, row) {
    if (values[row]! > states[at]!) states[at] = values[row]!;
  },
  merge(states, into, from) {
    if (states[from]! > states[into]!) states[into] = states[from]!;
  },
  result: finiteOrNull,
};

function finiteOrNull(states: Float64Array, at: number): number | null {
  const state = states[at]!;
  return Number.isFinite(state) ? state : null;
}
