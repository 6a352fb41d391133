/** Numbers: arithmetic, powers and logarithms, angles, bits. */
import { commonType, widening } from '../common-type.ts';
import type { SqlFunction } from '../function.ts';
import { BIG, BIGINT, DECIMAL, DOUBLE } from '../kinds.ts';
import { of0, of1, of2, ofTypes, scalar, T_BIGINT, T_BOOLEAN, T_DOUBLE } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import { type DecimalValue, SqlError } from '../value.ts';

const NOT_FINITE = 'Where DuckDB has an error, NaN or infinity, the result is null.';

export const NUMBERS: readonly SqlFunction[] = [
  scalar(
    { name: 'abs', summary: 'Without its sign.', example: 'abs(-3) = 3', numeric: Math.abs },
    of1(BIGINT, T_BIGINT, (x) => (typeof x === 'bigint' ? (x < 0n ? -x : x) : Math.abs(x))),
    of1(
      DECIMAL,
      ([type]) => type!,
      (x) => (x.unscaled < 0n ? { unscaled: -x.unscaled, scale: x.scale } : x),
    ),
    of1(DOUBLE, T_DOUBLE, Math.abs),
  ),
  scalar(
    { name: 'sign', summary: '-1, 0 or 1.', example: 'sign(-3) = -1', numeric: (x) => Math.sign(x) + 0 },
    of1(BIGINT, T_BIGINT, signOf),
    of1(DECIMAL, T_BIGINT, ({ unscaled }) => signOf(unscaled)),
    of1(DOUBLE, T_BIGINT, Math.sign),
  ),
  scalar(
    {
      name: 'mod',
      summary: 'What a division leaves, with the sign of the first; null by zero.',
      example: 'mod(-5, 3) = -2',
      numeric: (a, b) => (b === 0 ? Number.NaN : (a % b) + 0),
    },
    of2(BIGINT, BIGINT, T_BIGINT, modulo),
    ofTypes([DECIMAL, DECIMAL], decimalPair, (types) => {
      const [common] = [decimalPair(types)];
      const [a, b] = types.map((type) => widening(type, common));
      return ([x = null, y = null]) => decimalModulo(DECIMAL.reader(common)(a!(x)), DECIMAL.reader(common)(b!(y)));
    }),
    of2(DOUBLE, DOUBLE, T_DOUBLE, (a, b) => a % b),
  ),
  real('sqrt', 'The square root.', 'sqrt(9) = 3', Math.sqrt),
  real('cbrt', 'The cube root.', 'round(cbrt(27), 6) = 3', Math.cbrt),
  real('exp', 'e to the power of the number.', 'exp(0) = 1', Math.exp),
  real('ln', 'The logarithm to base e.', 'ln(1) = 0', Math.log),
  real('log2', 'The logarithm to base 2.', 'log2(8) = 3', Math.log2),
  real('log10', 'The logarithm to base 10.', 'log10(1000) = 3', Math.log10),
  scalar(
    {
      name: 'log',
      summary: 'The logarithm to base 10, or to the base that is given first.',
      example: 'log(100) = 2',
      differs: NOT_FINITE,
      numeric: (a, b) => finite(b === undefined ? Math.log10(a) : logTo(a, b)),
    },
    of1(DOUBLE, T_DOUBLE, Math.log10),
    of2(DOUBLE, DOUBLE, T_DOUBLE, logTo),
  ),
  scalar(
    {
      name: 'pow',
      aliases: ['power'],
      summary: 'The first to the power of the second, a DOUBLE.',
      example: 'pow(2, 10) = 1024',
      differs: NOT_FINITE,
      numeric: (a, b) => finite(power(a, b)),
    },
    of2(DOUBLE, DOUBLE, T_DOUBLE, power),
  ),
  scalar(
    { name: 'pi', summary: 'The number pi.', example: 'round(pi(), 4) = 3.1416' },
    of0(T_DOUBLE, () => Math.PI),
  ),
  real('degrees', 'Radians as degrees.', 'degrees(pi()) = 180', (x) => x * (180 / Math.PI)),
  real('radians', 'Degrees as radians.', 'round(radians(180), 4) = 3.1416', (x) => x * (Math.PI / 180)),
  real('sin', 'The sine of an angle in radians.', 'sin(0) = 0', Math.sin),
  real('cos', 'The cosine of an angle in radians.', 'cos(0) = 1', Math.cos),
  real('tan', 'The tangent of an angle in radians.', 'tan(0) = 0', Math.tan),
  real('cot', 'The cotangent of an angle in radians.', 'round(cot(1), 4) = 0.6421', (x) => 1 / Math.tan(x)),
  real('asin', 'The angle of a sine.', 'asin(0) = 0', Math.asin),
  real('acos', 'The angle of a cosine.', 'acos(1) = 0', Math.acos),
  real('atan', 'The angle of a tangent.', 'atan(0) = 0', Math.atan),
  scalar(
    {
      name: 'atan2',
      summary: 'The angle to the point of height y and width x.',
      example: 'atan2(0, 1) = 0',
      numeric: Math.atan2,
    },
    of2(DOUBLE, DOUBLE, T_DOUBLE, Math.atan2),
  ),
  real('sinh', 'The hyperbolic sine.', 'sinh(0) = 0', Math.sinh),
  real('cosh', 'The hyperbolic cosine.', 'cosh(0) = 1', Math.cosh),
  real('tanh', 'The hyperbolic tangent.', 'tanh(0) = 0', Math.tanh),
  real('asinh', 'The inverse hyperbolic sine.', 'asinh(0) = 0', Math.asinh),
  real('acosh', 'The inverse hyperbolic cosine.', 'acosh(1) = 0', Math.acosh),
  real('atanh', 'The inverse hyperbolic tangent.', 'atanh(0) = 0', Math.atanh),
  scalar(
    {
      name: 'isnan',
      summary: 'Always false: what is not a number is null here.',
      example: 'isnan(1.5) = false',
      differs: NOT_FINITE,
    },
    of1(DOUBLE, T_BOOLEAN, () => false),
  ),
  scalar(
    {
      name: 'isinf',
      summary: 'Always false: what is infinite is null here.',
      example: 'isinf(1.5) = false',
      differs: NOT_FINITE,
    },
    of1(DOUBLE, T_BOOLEAN, () => false),
  ),
  scalar(
    {
      name: 'isfinite',
      summary: 'Always true: what is not finite is null here.',
      example: 'isfinite(1.5) = true',
      differs: NOT_FINITE,
    },
    of1(DOUBLE, T_BOOLEAN, () => true),
  ),
  scalar(
    {
      name: 'gcd',
      aliases: ['greatest_common_divisor'],
      summary: 'The greatest common divisor.',
      example: 'gcd(12, 18) = 6',
    },
    of2(BIG, BIG, T_BIGINT, gcd),
  ),
  scalar(
    {
      name: 'lcm',
      aliases: ['least_common_multiple'],
      summary: 'The least common multiple.',
      example: 'lcm(4, 6) = 12',
    },
    of2(BIG, BIG, T_BIGINT, (a, b) => (a === 0n || b === 0n ? 0 : magnitude((a / gcd(a, b)) * b))),
  ),
  scalar(
    {
      name: 'factorial',
      summary: 'The product of the numbers from 1.',
      example: 'factorial(5) = 120',
      differs: 'Beyond 20 the result is beyond 64 bits, a fault.',
    },
    of1(BIGINT, T_BIGINT, (x) => factorial(Number(x))),
  ),
  scalar(
    { name: 'xor', summary: 'The bits that only one of both has.', example: 'xor(5, 3) = 6' },
    of2(BIG, BIG, T_BIGINT, (a, b) => a ^ b),
  ),
  scalar(
    { name: 'bit_count', summary: 'How many of the 64 bits are set.', example: 'bit_count(255) = 8' },
    of1(BIG, T_BIGINT, bitCount),
  ),
];

/** A function of a double that gives one. */
function real(name: string, summary: string, example: string, of: (x: number) => number): SqlFunction {
  return scalar(
    { name, summary, example, differs: NOT_FINITE, numeric: (x) => finite(of(x)) },
    of1(DOUBLE, T_DOUBLE, of),
  );
}

function finite(x: number): number {
  return x - x === 0 ? x : Number.NaN;
}

function signOf(x: number | bigint): number {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

function modulo(a: number | bigint, b: number | bigint): number | bigint | null {
  if (Number(b) === 0) return null;
  return typeof a === 'number' && typeof b === 'number' ? a % b : BigInt(a) % BigInt(b);
}

/** Of whole digits and decimals that hold both. */
function decimalPair(types: readonly SqlType[]): SqlType {
  return commonType(types) ?? { kind: 'double' };
}

function decimalModulo(a: DecimalValue, b: DecimalValue): DecimalValue | null {
  return b.unscaled === 0n ? null : { unscaled: a.unscaled % b.unscaled, scale: a.scale };
}

function logTo(base: number, x: number): number {
  return base <= 0 ? Number.NaN : Math.log10(x) / Math.log10(base);
}

/** As C and DuckDB have it: 1 to any power is 1, and so is -1 to an infinite one. */
function power(a: number, b: number): number {
  return a ** b;
}

function magnitude(x: bigint): bigint {
  return x < 0n ? -x : x;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [magnitude(a), magnitude(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function factorial(n: number): bigint {
  if (n < 0) throw new SqlError('The factorial of a negative number is not defined');
  let product = 1n;
  // Beyond this it is beyond 64 bits, whatever follows.
  for (let i = 2; i <= Math.min(n, 21); i++) product *= BigInt(i);
  return product;
}

function bitCount(value: bigint): number {
  let bits = BigInt.asUintN(64, value);
  let count = 0;
  for (; bits !== 0n; bits &= bits - 1n) count++;
  return count;
}
