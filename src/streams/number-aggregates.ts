/** Aggregates whose state is one number. */
import type { NumberAggregate } from './aggregate.ts';

/** Of events, not of values. */
export const count: NumberAggregate = { initial: 0, fold() {}, merge() {}, result: (_, events) => events };

/** -0 is the sum of nothing: no sum of numbers has it once 0 is added. */
export const sum: NumberAggregate = {
  initial: -0,
  fold(states, group, values, row) {
    states[group] = states[group]! + values[row]! + 0;
  },
  merge(states, into, from) {
    states[into] = states[into]! + states[from]!;
  },
  result: (state) => (Object.is(state, -0) ? null : state),
};

/** Of nothing it is infinity, as it is in a state. */
export const min: NumberAggregate = {
  initial: Number.POSITIVE_INFINITY,
  fold(states, group, values, row) {
    if (values[row]! < states[group]!) states[group] = values[row]!;
  },
  merge(states, into, from) {
    if (states[from]! < states[into]!) states[into] = states[from]!;
  },
  result: finiteOrNull,
};

export const max: NumberAggregate = {
  initial: Number.NEGATIVE_INFINITY,
  fold(states, group, values, row) {
    if (values[row]! > states[group]!) states[group] = values[row]!;
  },
  merge(states, into, from) {
    if (states[from]! > states[into]!) states[into] = states[from]!;
  },
  result: finiteOrNull,
};

function finiteOrNull(state: number): number | null {
  return Number.isFinite(state) ? state : null;
}
