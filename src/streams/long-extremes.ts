/**
 * The smallest and the largest of whole numbers of 64 bits. A long that no number holds exactly stands in the group's row
 * as the number next to it, and beside the rows as it is. The numbers are in the order of their longs, so the longs decide
 * only where two numbers are equal.
 */
import type { ExactLong } from '../messages/exact-long.ts';
import type { NumberAggregate } from './aggregate-function.ts';
import type { ExactSums } from './exact-sum.ts';
import { max, min } from './number-aggregates.ts';

export const minOfLongs = extreme(min, (value, other) => value < other);
export const maxOfLongs = extreme(max, (value, other) => value > other);

function extreme(
  of: NumberAggregate,
  isBetter: (value: number | bigint, other: number | bigint) => boolean,
): NumberAggregate {
  function offer(states: Float64Array, at: number, value: ExactLong, exact: ExactSums): void {
    const rounded = Number(value);
    const isEqual = rounded === states[at];
    if (isEqual ? !isBetter(value, longAt(states, at, exact)) : !isBetter(rounded, states[at]!)) return;
    states[at] = rounded;
    if (typeof value === 'bigint') exact.set(at, value);
  }
  return {
    initial: of.initial,
    fold: of.fold,
    foldWide: offer,
    merge(states, into, from, exact) {
      if (exact.size === 0) of.merge(states, into, from, exact);
      else offer(states, into, longAt(states, from, exact), exact);
    },
    result(states, at, events, exact) {
      const result = of.result(states, at, events, exact);
      return result === null ? null : longAt(states, at, exact);
    },
  };
}

/**
 * The long beside the rows counts only where the row's number is beyond the safe integers: a smaller number may have taken
 * the long's place since.
 */
function longAt(states: Float64Array, at: number, exact: ExactSums): ExactLong {
  const rounded = states[at]!;
  return Number.isSafeInteger(rounded) ? rounded : (exact.get(at) ?? rounded);
}
