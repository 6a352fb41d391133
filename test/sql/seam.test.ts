/** What all of SQL rests on: types, values and the table of functions. */
import { expect, test } from 'vitest';
import type { SqlFunction } from '../../src/sql/function.ts';
import { FUNCTIONS, functionTable } from '../../src/sql/functions.ts';
import { typeText } from '../../src/sql/type.ts';
import { exactInteger, SqlError } from '../../src/sql/value.ts';

test('a type reads as DuckDB writes it', () => {
  expect(typeText({ kind: 'decimal', precision: 10, scale: 2 })).toBe('DECIMAL(10,2)');
  expect(typeText({ kind: 'list', of: { kind: 'varchar' } })).toBe('VARCHAR[]');
  expect(typeText({ kind: 'struct', fields: [{ name: 'my "a"', type: { kind: 'bigint' } }] })).toBe(
    'STRUCT("my ""a""" BIGINT)',
  );
});

test('a whole number is a number where that is exact, and 64 bits are its bound', () => {
  expect(exactInteger(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
  expect(exactInteger(2n ** 53n)).toBe(2n ** 53n);
  expect(exactInteger(-(2n ** 63n))).toBe(-(2n ** 63n));
  expect(() => exactInteger(2n ** 63n)).toThrow(SqlError);
});

test('a function is found by its name or alias in any case, and one that is not there by the nearest name', () => {
  const fn: SqlFunction = {
    name: 'ceil',
    aliases: ['ceiling'],
    summary: 'The next whole number.',
    example: 'ceil(1.5) = 2',
    resultType: () => ({ kind: 'double' }),
    call: () => null,
  };
  const table = functionTable([[fn]]);
  expect(table.named('CEILING')).toBe(fn);
  expect(table.nearest('cel')).toBe('ceil');
  expect(() => functionTable([[fn], [fn]])).toThrow('Two functions are called ceil');
  expect(FUNCTIONS.named('no such function')).toBeUndefined();
});
