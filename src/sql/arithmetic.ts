/** What + − * / // % ^ do, by the types of both sides: the types are DuckDB's, and so are the values. */
import { rescaled } from './common-type.ts';
import { addIntervals, addToTimestamp, between, negated, scaled } from './interval.ts';
import { decimal, integer, isInterval } from './kinds.ts';
import { MAX_PRECISION, type SqlType } from './type.ts';
import { exactInteger, type IntervalValue, SqlError, type SqlValue } from './value.ts';

/** One operation on two values that are not null. */
export interface Arithmetic {
  /** For the tier of plain numbers, where decimals are their unscaled digits; null where that has no such operation. */
  readonly fast: FastArithmetic | null;
  run(a: SqlValue, b: SqlValue): SqlValue;
}

/** `exact` results are whole numbers, which are good while they are safe integers; all others are null where not finite. */
export type FastArithmetic =
  | `exact${'+' | '-' | '*' | '%' | '//'}`
  | `double${'+' | '-' | '*' | '/' | '%' | '^' | '//'}`;

/** An operation, the types that its sides are cast to, and its result's. */
export interface ArithmeticOf {
  readonly arithmetic: Arithmetic;
  readonly left: SqlType;
  readonly right: SqlType;
  readonly result: SqlType;
}

const BIGINT: SqlType = { kind: 'bigint' };
const DOUBLE: SqlType = { kind: 'double' };
const DATE: SqlType = { kind: 'date' };
const TIMESTAMP: SqlType = { kind: 'timestamp' };
const INTERVAL: SqlType = { kind: 'interval' };

/** Null when there is no such operation. Neither type is that of NULL. */
export function arithmeticOf(operator: string, left: SqlType, right: SqlType): ArithmeticOf | null {
  const isNumber = [left, right].every(({ kind }) => kind === 'bigint' || kind === 'double' || kind === 'decimal');
  if (isNumber) return numbers(operator, left, right);
  return times(operator, left, right);
}

function numbers(operator: string, left: SqlType, right: SqlType): ArithmeticOf | null {
  if (left.kind === 'bigint' && right.kind === 'bigint' && operator !== '/' && operator !== '^') {
    return same(whole(operator), BIGINT);
  }
  const isDouble = left.kind === 'double' || right.kind === 'double';
  if (!isDouble && left.kind !== right.kind) {
    return numbers(operator, asDecimal(left), asDecimal(right));
  }
  if (!isDouble && left.kind === 'decimal' && right.kind === 'decimal') {
    const found = decimals(operator, left, right);
    if (found !== null) return found;
  }
  return same(double(operator), DOUBLE);
}

function same(arithmetic: Arithmetic | null, type: SqlType): ArithmeticOf | null {
  return arithmetic === null ? null : { arithmetic, left: type, right: type, result: type };
}

function asDecimal(type: SqlType): SqlType {
  return type.kind === 'bigint' ? { kind: 'decimal', precision: 19, scale: 0 } : type;
}

type DecimalType = Extract<SqlType, { kind: 'decimal' }>;

/** Digits of a decimal that DuckDB keeps in 64 bits. */
const SMALL_PRECISION = 18;

/** Source: DuckDB, BindDecimalArithmetic and BindDecimalMultiply (src/function/scalar/operator/arithmetic.cpp). */
function decimals(operator: string, left: DecimalType, right: DecimalType): ArithmeticOf | null {
  const widest = Math.max(left.precision, right.precision);
  if (operator === '*') {
    const scale = left.scale + right.scale;
    if (scale > MAX_PRECISION) return null;
    let precision = left.precision + right.precision;
    if (precision > SMALL_PRECISION && widest <= SMALL_PRECISION && scale < SMALL_PRECISION)
      precision = SMALL_PRECISION;
    const result = { kind: 'decimal' as const, precision: Math.min(MAX_PRECISION, precision), scale };
    const run = (a: SqlValue, b: SqlValue) => within(decimal(a).unscaled * decimal(b).unscaled, result);
    return { arithmetic: { fast: 'exact*', run }, left, right, result };
  }
  const scale = Math.max(left.scale, right.scale);
  const wholeDigits = Math.max(left.precision - left.scale, right.precision - right.scale);
  if (operator === '%') {
    const type: SqlType = { kind: 'decimal', precision: Math.min(MAX_PRECISION, wholeDigits + scale), scale };
    return same(
      {
        fast: 'exact%',
        run(a, b) {
          const divisor = decimal(b).unscaled;
          return divisor === 0n ? null : { unscaled: decimal(a).unscaled % divisor, scale };
        },
      },
      type,
    );
  }
  if (operator !== '+' && operator !== '-') return null;
  let precision = wholeDigits + scale + 1;
  if (precision > SMALL_PRECISION && widest <= SMALL_PRECISION) precision = SMALL_PRECISION;
  const type = { kind: 'decimal' as const, precision: Math.min(MAX_PRECISION, precision), scale };
  const sign = operator === '+' ? 1n : -1n;
  return same(
    {
      fast: `exact${operator}`,
      run: (a, b) => within(rescaled(decimal(a), scale).unscaled + sign * rescaled(decimal(b), scale).unscaled, type),
    },
    type,
  );
}

function within(unscaled: bigint, { precision, scale }: DecimalType): SqlValue {
  const bound = 10n ** BigInt(precision);
  if (unscaled >= bound || unscaled <= -bound) {
    throw new SqlError(`a result has more than the ${precision} digits of its DECIMAL(${precision},${scale})`);
  }
  return { unscaled, scale };
}

function whole(operator: string): Arithmetic | null {
  switch (operator) {
    case '+':
      return { fast: 'exact+', run: (a, b) => wholeResult(Number(a) + Number(b), a, b, (x, y) => x + y) };
    case '-':
      return { fast: 'exact-', run: (a, b) => wholeResult(Number(a) - Number(b), a, b, (x, y) => x - y) };
    case '*':
      return { fast: 'exact*', run: (a, b) => wholeResult(Number(a) * Number(b), a, b, (x, y) => x * y) };
    case '//':
      return { fast: 'exact//', run: (a, b) => (Number(b) === 0 ? null : exactInteger(big(a) / big(b))) };
    case '%':
      return { fast: 'exact%', run: (a, b) => (Number(b) === 0 ? null : exactInteger(big(a) % big(b))) };
    default:
      return null;
  }
}

function wholeResult(
  quick: number,
  a: SqlValue,
  b: SqlValue,
  exactly: (x: bigint, y: bigint) => bigint,
): number | bigint {
  const isExact = Number.isSafeInteger(quick) && typeof a === 'number' && typeof b === 'number';
  return isExact ? quick + 0 : exactInteger(exactly(big(a), big(b)));
}

function big(value: SqlValue): bigint {
  return BigInt(integer(value));
}

function double(operator: string): Arithmetic | null {
  switch (operator) {
    case '+':
      return { fast: 'double+', run: (a, b) => finite(Number(a) + Number(b)) };
    case '-':
      return { fast: 'double-', run: (a, b) => finite(Number(a) - Number(b)) };
    case '*':
      return { fast: 'double*', run: (a, b) => finite(Number(a) * Number(b)) };
    case '/':
      return { fast: 'double/', run: (a, b) => finite(Number(a) / Number(b)) };
    case '//':
      return { fast: 'double//', run: (a, b) => finite(Number(a) / Number(b)) };
    case '%':
      return { fast: 'double%', run: (a, b) => finite(Number(a) % Number(b)) };
    case '^':
      return { fast: 'double^', run: (a, b) => finite(Number(a) ** Number(b)) };
    default:
      return null;
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function times(operator: string, left: SqlType, right: SqlType): ArithmeticOf | null {
  const run = TIMES[`${left.kind} ${operator} ${right.kind}`];
  return run === undefined ? null : run;
}

const TIMES: Readonly<Record<string, ArithmeticOf>> = {
  'date + bigint': dated(DATE, BIGINT, 'exact+', (a, b) => Number(a) + Number(b)),
  'bigint + date': dated(BIGINT, DATE, 'exact+', (a, b) => Number(a) + Number(b)),
  'date - bigint': dated(DATE, BIGINT, 'exact-', (a, b) => Number(a) - Number(b)),
  'date - date': { ...dated(DATE, DATE, 'exact-', (a, b) => Number(a) - Number(b)), result: BIGINT },
  ...both('+', (time, by) => shifted(time, by)),
  ...both('-', (time, by) => shifted(time, negated(by))),
  'interval + timestamp': timed(INTERVAL, TIMESTAMP, TIMESTAMP, (a, b) => shifted(Number(b), intervalAt(a))),
  'interval + date': timed(INTERVAL, TIMESTAMP, TIMESTAMP, (a, b) => shifted(Number(b), intervalAt(a))),
  ...differences(),
  'interval + interval': timed(INTERVAL, INTERVAL, INTERVAL, (a, b) => addIntervals(intervalAt(a), intervalAt(b))),
  'interval - interval': timed(INTERVAL, INTERVAL, INTERVAL, (a, b) => {
    return addIntervals(intervalAt(a), negated(intervalAt(b)));
  }),
  ...multiples(),
};

function dated(left: SqlType, right: SqlType, fast: FastArithmetic, run: Arithmetic['run']): ArithmeticOf {
  return { arithmetic: { fast, run }, left, right, result: DATE };
}

function timed(left: SqlType, right: SqlType, result: SqlType, run: Arithmetic['run']): ArithmeticOf {
  return { arithmetic: { fast: null, run }, left, right, result };
}

function both(operator: string, run: (time: number, by: IntervalValue) => number): Record<string, ArithmeticOf> {
  const shift = timed(TIMESTAMP, INTERVAL, TIMESTAMP, (a, b) => run(Number(a), intervalAt(b)));
  return { [`timestamp ${operator} interval`]: shift, [`date ${operator} interval`]: shift };
}

function differences(): Record<string, ArithmeticOf> {
  const difference = timed(TIMESTAMP, TIMESTAMP, INTERVAL, (a, b) => between(Number(a), Number(b)));
  return { 'timestamp - timestamp': difference, 'timestamp - date': difference, 'date - timestamp': difference };
}

function multiples(): Record<string, ArithmeticOf> {
  const multiple = timed(INTERVAL, DOUBLE, INTERVAL, (a, b) => scaled(intervalAt(a), Number(b)));
  const turned = timed(DOUBLE, INTERVAL, INTERVAL, (a, b) => scaled(intervalAt(b), Number(a)));
  const share = timed(INTERVAL, DOUBLE, INTERVAL, (a, b) => {
    return Number(b) === 0 ? null : scaled(intervalAt(a), 1 / Number(b));
  });
  const numbers = ['bigint', 'double', 'decimal'];
  return Object.fromEntries(
    numbers.flatMap((kind) => [
      [`interval * ${kind}`, multiple],
      [`${kind} * interval`, turned],
      [`interval / ${kind}`, share],
    ]),
  );
}

/** Throws a SqlError for a time that has no date. */
function shifted(timeMs: number, by: IntervalValue): number {
  const time = addToTimestamp(timeMs, by);
  if (Number.isFinite(time)) return time;
  throw new SqlError('a time is beyond the years that a TIMESTAMP has');
}

function intervalAt(value: SqlValue): IntervalValue {
  return isInterval(value) ? value : { months: 0, days: 0, ms: 0 };
}
