/**
 * Exact sums, so that neither the order of the values nor how they were merged shows in a result. A result is the sum
 * rounded once to the nearest double.
 *
 * A sum is two doubles, which together are exact: the rounded sum, and what its additions rounded away (Knuth's TwoSum,
 * TAOCP 2, 4.2.2). When two doubles can't hold the sum, as with 1e300 and 1e-300 or an overflow on the way, the first place
 * holds NaN, and the sum is kept beside the rows as a whole number of smallest doubles.
 */

import { type ExactLong, exactLong, isLong } from '../messages/exact-long.ts';

/** Sums that two doubles can't hold, by the place of their first number in the rows of groups. */
export type ExactSums = Map<number, bigint>;

/** The sum of nothing: -0, which no sum of numbers is once 0 has been added. */
export const SUM_OF_NOTHING: readonly number[] = [-0, 0];

/** Adds the number at a place of `values`, which is finite. */
export function addToSum(
  states: Float64Array,
  at: number,
  values: Float64Array,
  place: number,
  exact: ExactSums,
): void {
  const before = states[at]!;
  const value = values[place]!;
  const after = before + value;
  const added = after - before;
  const error = before - (after - added) + (value - added);
  const low = states[at + 1]!;
  const lowAfter = low + error;
  const lowAdded = lowAfter - low;
  // The part that the lower double loses; NaN as well when the sum is no number.
  if (low - (lowAfter - lowAdded) + (error - lowAdded) === 0) {
    states[at] = after + 0;
    states[at + 1] = lowAfter;
  } else addExactly(states, at, value, exact);
}

export function mergeSum(states: Float64Array, into: number, from: number, exact: ExactSums): void {
  if (Object.is(states[from], -0)) return;
  const other = exact.get(from);
  if (other !== undefined) {
    const own = exactSum(states, into, exact);
    if (own !== null) hold(states, into, own + other, exact);
    return;
  }
  addToSum(states, into, states, from, exact);
  if (states[from + 1] !== 0) addToSum(states, into, states, from + 1, exact);
}

const parts = new Float64Array(2);

/** Adds a long of 64 bits, which is two doubles. */
export function addLongToSum(states: Float64Array, at: number, value: bigint, exact: ExactSums): void {
  parts[0] = Number(value);
  parts[1] = Number(value - BigInt(parts[0]));
  addToSum(states, at, parts, 0, exact);
  if (parts[1] !== 0) addToSum(states, at, parts, 1, exact);
}

/** The exact sum of whole numbers; null for the sum of nothing, and beyond 64 bits. */
export function wholeSumOf(states: Float64Array, at: number, exact: ExactSums): ExactLong | null {
  const sum = states[at]! + states[at + 1]!;
  if (Number.isSafeInteger(sum) && !Object.is(states[at], -0)) return sum;
  const whole = exactWholeSumOf(states, at, exact);
  return whole !== null && isLong(whole) ? exactLong(whole) : null;
}

/** The exact sum of whole numbers, of any size; null for the sum of nothing. */
export function exactWholeSumOf(states: Float64Array, at: number, exact: ExactSums): bigint | null {
  const rounded = states[at]!;
  if (Object.is(rounded, -0)) return null;
  const held = Number.isNaN(rounded) ? exact.get(at) : undefined;
  return held === undefined ? BigInt(rounded) + BigInt(states[at + 1]!) : held >> BigInt(-SMALLEST_EXPONENT);
}

/** Null for the sum of nothing, and where the sum is beyond the largest double. */
export function sumOf(states: Float64Array, at: number, exact: ExactSums): number | null {
  const rounded = states[at]!;
  if (Object.is(rounded, -0)) return null;
  const held = Number.isNaN(rounded) ? exact.get(at) : undefined;
  const sum = held === undefined ? rounded + states[at + 1]! : nearestDouble(held);
  return Number.isFinite(sum) ? sum : null;
}

/** The exact sum as mantissa · 2^exponent. The sum has to be finite. */
export function exactParts(
  states: Float64Array,
  at: number,
  exact: ExactSums,
): { readonly mantissa: bigint; readonly exponent: number } {
  const held = exact.get(at);
  if (held !== undefined) return { mantissa: held, exponent: SMALLEST_EXPONENT };
  const [high, low] = [partsOf(states[at]!), partsOf(states[at + 1]!)];
  if (low.mantissa === 0n) return high;
  const exponent = Math.min(high.exponent, low.exponent);
  const mantissa =
    (high.mantissa << BigInt(high.exponent - exponent)) + (low.mantissa << BigInt(low.exponent - exponent));
  return { mantissa, exponent };
}

/** The exact sums of a group whose sums have these places, and its longs that no number holds. */
export function saveSums(states: Float64Array, places: readonly number[], exact: ExactSums): string[] {
  return places.flatMap((at, i) => {
    const sum = exact.get(at);
    if (sum === undefined) return [];
    return Number.isNaN(states[at]) ? [`${i} ${sum}`] : [`${i} ${LONG}${sum}`];
  });
}

/** Marks a long: `exact` has it beside the number next to it, which stays in its place. */
const LONG = '=';

export function loadSums(
  states: Float64Array,
  places: readonly number[],
  saved: readonly string[],
  exact: ExactSums,
): void {
  for (const text of saved) {
    const [i, units = '0'] = text.split(' ');
    const at = places[Number(i)]!;
    if (units.startsWith(LONG)) exact.set(at, BigInt(units.slice(LONG.length)));
    else hold(states, at, BigInt(units), exact);
  }
}

function addExactly(states: Float64Array, at: number, value: number, exact: ExactSums): void {
  if (addNormalised(states, at, value)) return;
  const sum = exactSum(states, at, exact);
  // A sum that an earlier version's snapshot has as infinite stays infinite.
  if (sum !== null) hold(states, at, sum + unitsOf(value), exact);
}

/** Adds after normalising the two doubles, which may make room. */
function addNormalised(states: Float64Array, at: number, value: number): boolean {
  const [high, low] = twoSum(states[at]!, states[at + 1]!);
  const [after, error] = twoSum(high, value);
  const [lowAfter, lost] = twoSum(low, error);
  if (lost !== 0) return false;
  states[at] = after + 0;
  states[at + 1] = lowAfter;
  return true;
}

function twoSum(a: number, b: number): [sum: number, error: number] {
  const sum = a + b;
  const added = sum - a;
  return [sum, a - (sum - added) + (b - added)];
}

function hold(states: Float64Array, at: number, sum: bigint, exact: ExactSums): void {
  exact.set(at, sum);
  states[at] = Number.NaN;
  states[at + 1] = Number.NaN;
}

/** The exact sum; null when it is not finite. */
function exactSum(states: Float64Array, at: number, exact: ExactSums): bigint | null {
  const held = exact.get(at);
  if (held !== undefined) return held;
  const [high, low] = [states[at]!, states[at + 1]!];
  return Number.isFinite(high) && Number.isFinite(low) ? unitsOf(high) + unitsOf(low) : null;
}

const FRACTION_BITS = 52n;
const HIDDEN_BIT = 1n << FRACTION_BITS;
const float = new DataView(new ArrayBuffer(8));

/** The exponent of the smallest double, 2^−1074. */
const SMALLEST_EXPONENT = -1074;

/** A finite double in units of the smallest one. */
function unitsOf(value: number): bigint {
  const { mantissa, exponent } = partsOf(value);
  return mantissa << BigInt(exponent - SMALLEST_EXPONENT);
}

/** A finite double as mantissa · 2^exponent. */
function partsOf(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  float.setFloat64(0, value);
  const bits = float.getBigUint64(0);
  const biased = Number((bits >> FRACTION_BITS) & 0x7ffn);
  const fraction = bits & (HIDDEN_BIT - 1n);
  const magnitude = biased === 0 ? fraction : fraction | HIDDEN_BIT;
  return { mantissa: value < 0 ? -magnitude : magnitude, exponent: SMALLEST_EXPONENT + Math.max(0, biased - 1) };
}

const SIGNIFICANT_BITS = 53;

/** Rounds to the nearest double, ties to even; infinite beyond the largest. */
function nearestDouble(units: bigint): number {
  const magnitude = units < 0n ? -units : units;
  const sign = units < 0n ? -1 : 1;
  const dropped = magnitude.toString(2).length - SIGNIFICANT_BITS;
  if (dropped <= 0) return sign * Number(magnitude) * Number.MIN_VALUE;
  const shift = BigInt(dropped);
  const kept = magnitude >> shift;
  const rest = magnitude - (kept << shift);
  const half = 1n << (shift - 1n);
  const isUp = rest > half || (rest === half && (kept & 1n) === 1n);
  return sign * Number(isUp ? kept + 1n : kept) * 2 ** (dropped - 1074);
}
