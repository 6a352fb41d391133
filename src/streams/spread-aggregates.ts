/**
 * Variance and standard deviation from exact sums of the values and of their squares, so that neither the order of the
 * values nor how they were merged shows in a bit of a result, and nothing cancels: n·Σx² − (Σx)² is computed in whole
 * numbers and rounded once. (The updates of B. P. Welford, Technometrics 4, 1962, and T. F. Chan, G. H. Golub and
 * R. J. LeVeque, STAN-CS-79-773, are stable as well, but their last bits depend on the order.)
 *
 * A square is two doubles (T. J. Dekker, A floating-point technique for extending the available precision, Numerische
 * Mathematik 18, 1971), exact for values from 1e-145 to 1e154. A group with larger values, whose squares no double holds,
 * has null.
 */
import type { NumberAggregate } from './aggregate-function.ts';
import { addToSum, type ExactSums, exactParts, mergeSum, SUM_OF_NOTHING, sumOf } from './exact-sum.ts';

const SUM = 0;
const SQUARES = 2;
const COUNT = 4;

type Spread = Pick<NumberAggregate, 'initial' | 'sums' | 'fold' | 'merge' | 'result'>;

export const variancePop = spread((n) => n, identity);
export const varianceSample = spread((n) => n - 1, identity);
export const deviationPop = spread((n) => n, Math.sqrt);
export const deviationSample = spread((n) => n - 1, Math.sqrt);

/** `divisorOf` the number of values: the sum of squared distances from the mean is divided by it; 0 for none. */
function spread(divisorOf: (n: number) => number, finish: (variance: number) => number): Spread {
  return {
    initial: [...SUM_OF_NOTHING, ...SUM_OF_NOTHING, 0],
    sums: [SUM, SQUARES],
    fold,
    merge(states, into, from, exact) {
      mergeSum(states, into + SUM, from + SUM, exact);
      mergeSum(states, into + SQUARES, from + SQUARES, exact);
      states[into + COUNT]! += states[from + COUNT]!;
    },
    result(states, at, _, exact) {
      const n = states[at + COUNT]!;
      const divisor = divisorOf(n);
      if (divisor <= 0 || sumOf(states, at + SQUARES, exact) === null) return null;
      return finish(distances(states, at, n, divisor, exact));
    },
  };
}

function identity(value: number): number {
  return value;
}

const square = new Float64Array(2);
const negated = new Float64Array(1);

function fold(states: Float64Array, at: number, values: Float64Array, row: number, exact: ExactSums): void {
  addToSum(states, at + SUM, values, row, exact);
  squareInto(values[row]!);
  addToSum(states, at + SQUARES, square, 0, exact);
  if (square[1] !== 0) addToSum(states, at + SQUARES, square, 1, exact);
  states[at + COUNT]! += 1;
}

/** Takes a value out again that fold() has taken in. */
export function takeFromSpread(states: Float64Array, at: number, value: number, exact: ExactSums): void {
  negated[0] = -value;
  addToSum(states, at + SUM, negated, 0, exact);
  squareInto(value);
  square[0] = -square[0]!;
  square[1] = -square[1]!;
  addToSum(states, at + SQUARES, square, 0, exact);
  if (square[1] !== 0) addToSum(states, at + SQUARES, square, 1, exact);
  states[at + COUNT]! -= 1;
}

/** Splits a double into two of half its digits: 2^27 + 1, as Veltkamp does. */
const SPLITTER = 134_217_729;

function squareInto(value: number): void {
  const product = value * value;
  const scaled = SPLITTER * value;
  const high = scaled - (scaled - value);
  const low = value - high;
  square[0] = product;
  square[1] = product < Number.POSITIVE_INFINITY ? high * high - product + 2 * high * low + low * low : 0;
}

/** (Σx² − (Σx)²/n) / divisor, rounded once. */
function distances(states: Float64Array, at: number, n: number, divisor: number, exact: ExactSums): number {
  const sum = exactParts(states, at + SUM, exact);
  const squares = exactParts(states, at + SQUARES, exact);
  const exponent = Math.min(squares.exponent, 2 * sum.exponent);
  const difference =
    ((BigInt(n) * squares.mantissa) << BigInt(squares.exponent - exponent)) -
    ((sum.mantissa * sum.mantissa) << BigInt(2 * sum.exponent - exponent));
  // Below 0 only where squares are less than the smallest double.
  return difference <= 0n ? 0 : quotient(difference, exponent, BigInt(n) * BigInt(divisor));
}

/** Bits of a quotient that are kept, the last of them for all that is lost: more than a double has. */
const QUOTIENT_BITS = 66;

/** numerator · 2^exponent / divisor as the nearest double. */
function quotient(numerator: bigint, exponent: number, divisor: bigint): number {
  const shift = QUOTIENT_BITS - (bitsOf(numerator) - bitsOf(divisor));
  const [dividend, by] = shift < 0 ? [numerator, divisor << BigInt(-shift)] : [numerator << BigInt(shift), divisor];
  const whole = dividend / by;
  const rounded = Number(whole * by === dividend ? whole : whole | 1n);
  // In two steps: a power of 2 of its own may lie outside of what a double holds.
  const half = Math.trunc((exponent - shift) / 2);
  return rounded * 2 ** half * 2 ** (exponent - shift - half);
}

/** At most 3 more than there are. */
function bitsOf(value: bigint): number {
  return 4 * value.toString(16).length;
}
