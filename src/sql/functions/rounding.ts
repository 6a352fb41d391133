/** Numbers to fewer digits. */
import { rescaled, roundedQuotient } from '../common-type.ts';
import type { SqlFunction } from '../function.ts';
import { BIGINT, DECIMAL, DOUBLE, INTEGER } from '../kinds.ts';
import { of1, of2, scalar, T_BIGINT, T_DOUBLE } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import type { DecimalValue } from '../value.ts';

const DIGITS_DIFFER =
  'A DECIMAL rounded to so many digits keeps its scale, as the digits may come of a field; a BIGINT that leaves 64 bits is a fault.';

export const ROUNDING: readonly SqlFunction[] = [
  scalar(
    {
      name: 'round',
      summary: 'Rounded to a whole number, or to so many decimals; half away from zero.',
      example: 'round(-2.5) = -3',
      differs: DIGITS_DIFFER,
      numeric: (x, digits = 0) => roundedTo(x, digits),
    },
    of1(BIGINT, T_BIGINT, (x) => x),
    of2(BIGINT, INTEGER, T_BIGINT, (x, digits) => (digits >= 0 ? x : cutWhole(BigInt(x), -digits, roundedQuotient))),
    of1(DECIMAL, wholeType, (x) => rescaled(x, 0)),
    of2(DECIMAL, INTEGER, sameScaleType, (x, digits) => cutDecimal(x, digits, roundedQuotient)),
    of1(DOUBLE, T_DOUBLE, roundHalfAway),
    of2(DOUBLE, INTEGER, T_DOUBLE, roundedTo),
  ),
  scalar(
    {
      name: 'trunc',
      summary: 'Without what is behind the point, or behind so many decimals.',
      example: 'trunc(-1.9) = -1',
      differs: DIGITS_DIFFER,
      numeric: (x, digits = 0) => truncatedTo(x, digits),
    },
    of1(BIGINT, T_BIGINT, (x) => x),
    of2(BIGINT, INTEGER, T_BIGINT, (x, digits) => (digits >= 0 ? x : cutWhole(BigInt(x), -digits, quotient))),
    of1(DECIMAL, wholeType, (x) => wholeOf(x, quotient)),
    of2(DECIMAL, INTEGER, sameScaleType, (x, digits) => cutDecimal(x, digits, quotient)),
    of1(DOUBLE, T_DOUBLE, Math.trunc),
    of2(DOUBLE, INTEGER, T_DOUBLE, truncatedTo),
  ),
  scalar(
    {
      name: 'ceil',
      aliases: ['ceiling'],
      summary: 'The next whole number that is not less. Of a BIGINT a DOUBLE, as in DuckDB.',
      example: 'ceil(1.2) = 2',
      numeric: Math.ceil,
    },
    of1(BIGINT, T_DOUBLE, Number),
    of1(DECIMAL, wholeType, (x) => wholeOf(x, (value, by) => -floorQuotient(-value, by))),
    of1(DOUBLE, T_DOUBLE, Math.ceil),
  ),
  scalar(
    {
      name: 'floor',
      summary: 'The next whole number that is not more. Of a BIGINT a DOUBLE, as in DuckDB.',
      example: 'floor(-1.2) = -2',
      numeric: Math.floor,
    },
    of1(BIGINT, T_DOUBLE, Number),
    of1(DECIMAL, wholeType, (x) => wholeOf(x, floorQuotient)),
    of1(DOUBLE, T_DOUBLE, Math.floor),
  ),
  scalar(
    {
      name: 'even',
      summary: 'The next even number away from zero.',
      example: 'even(2.1) = 4',
      numeric: even,
    },
    of1(DOUBLE, T_DOUBLE, even),
  ),
];

function wholeType([type]: readonly SqlType[]): SqlType {
  return { kind: 'decimal', precision: type?.kind === 'decimal' ? type.precision : 18, scale: 0 };
}

/** A digit more, for what a carry adds. */
function sameScaleType([type]: readonly SqlType[]): SqlType {
  return type?.kind === 'decimal'
    ? { kind: 'decimal', precision: Math.min(38, type.precision + 1), scale: type.scale }
    : { kind: 'decimal', precision: 18, scale: 0 };
}

type Divide = (value: bigint, divisor: bigint) => bigint;

function quotient(value: bigint, divisor: bigint): bigint {
  return value / divisor;
}

function floorQuotient(value: bigint, divisor: bigint): bigint {
  const found = value / divisor;
  return value % divisor < 0n ? found - 1n : found;
}

function wholeOf({ unscaled, scale }: DecimalValue, divide: Divide): DecimalValue {
  return { unscaled: divide(unscaled, 10n ** BigInt(scale)), scale: 0 };
}

function cutWhole(value: bigint, zeros: number, divide: Divide): bigint {
  if (zeros > 19) return 0n;
  const by = 10n ** BigInt(zeros);
  return divide(value, by) * by;
}

function cutDecimal(value: DecimalValue, digits: number, divide: Divide): DecimalValue {
  if (digits >= value.scale) return value;
  const by = 10n ** BigInt(Math.min(value.scale - digits, 40));
  return { unscaled: divide(value.unscaled, by) * by, scale: value.scale };
}

function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

/** By multiplication and division as in DuckDB: 0.285 to two digits is 0.28 there too. */
function roundedTo(x: number, digits: number): number {
  const by = powerOfTen(Math.abs(digits));
  if (digits < 0) {
    const rounded = roundHalfAway(x / by) * by;
    return Number.isFinite(rounded) ? rounded : 0;
  }
  const rounded = roundHalfAway(x * by) / by;
  return Number.isFinite(rounded) ? rounded : x;
}

function truncatedTo(x: number, digits: number): number {
  const by = powerOfTen(Math.abs(digits));
  if (digits < 0) {
    const cut = Math.trunc(x / by) * by;
    return Number.isFinite(cut) ? cut : 0;
  }
  const cut = Math.trunc(x * by) / by;
  return Number.isFinite(cut) ? cut : x;
}

function even(x: number): number {
  const whole = x < 0 ? Math.floor(x) : Math.ceil(x);
  return whole % 2 === 0 ? whole : whole + Math.sign(whole);
}

/** Exact where doubles are, which 10 ** n is not everywhere. */
const POWERS = Array.from({ length: 309 }, (_, n) => Number(`1e${n}`));

function powerOfTen(n: number): number {
  return POWERS[n] ?? Number.POSITIVE_INFINITY;
}
