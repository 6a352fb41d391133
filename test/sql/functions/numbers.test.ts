/** Numbers as functions make them, beside DuckDB on random arguments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANGLE, argument, decimals, INT, REAL, SMALL, WHOLE } from './arguments.ts';
import { calls, differences, nearCalls } from './beside-duckdb.ts';

const THOUSANDS = argument({ kind: 'bigint' }, fc.integer());
const DECIMAL = decimals(9, 3);

test('numbers are as DuckDB has them', async () => {
  const angles = [
    'sin',
    'cos',
    'tan',
    'cot',
    'asin',
    'acos',
    'atan',
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'acosh',
    'atanh',
  ];
  const logs = ['ln', 'log', 'log2', 'log10', 'exp', 'cbrt', 'degrees', 'radians'];
  const all = [
    ...[WHOLE, REAL, DECIMAL].flatMap((x) =>
      ['abs', 'sign', 'sqrt', 'round', 'trunc', 'ceil', 'floor'].map((name) => calls(name, x)),
    ),
    // The digits beyond 64 bits that DuckDB wraps around are left out.
    ...[REAL, THOUSANDS].flatMap((x) => ['round', 'trunc'].map((name) => calls(name, x, INT))),
    calls('mod', WHOLE, WHOLE),
    calls('mod', WHOLE, SMALL),
    calls('mod', REAL, REAL),
    calls('mod', DECIMAL, decimals(5, 1)),
    calls('mod', DECIMAL, WHOLE),
    calls('even', REAL),
    ...logs.map((name) => nearCalls(name, REAL)),
    ...angles.map((name) => nearCalls(name, ANGLE)),
    nearCalls('pi'),
    nearCalls('log', ANGLE, ANGLE),
    nearCalls('pow', ANGLE, ANGLE),
    nearCalls('pow', SMALL, SMALL),
    nearCalls('atan2', ANGLE, ANGLE),
    ...[REAL, WHOLE].flatMap((x) => ['isnan', 'isinf', 'isfinite'].map((name) => calls(name, x))),
    calls('gcd', WHOLE, WHOLE),
    calls('lcm', SMALL, WHOLE),
    calls('xor', WHOLE, WHOLE),
    calls('bit_count', WHOLE),
    calls('factorial', INT),
  ];
  expect(await differences(all, 60)).toEqual([]);
});
