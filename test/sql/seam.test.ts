/** What all of SQL rests on: types, values and the table of functions. */
import { expect, test } from 'vitest';
import { cursorOver } from '../../src/sql/cursor.ts';
import type { SqlFunction } from '../../src/sql/function.ts';
import { FUNCTIONS, functionTable } from '../../src/sql/functions.ts';
import { expressionAt } from '../../src/sql/parse.ts';
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

test('an expression ends where it can go no further, so that a statement can go on behind it', () => {
  const cursor = cursorOver('count(DISTINCT a) FILTER (WHERE b > 1) AS n, t.*, count(*) FROM t');
  expect(expressionAt(cursor)).toMatchObject({
    kind: 'call',
    name: 'count',
    isDistinct: true,
    filter: { kind: 'compare' },
  });
  expect([cursor.accept('as'), cursor.take().text, cursor.accept(',')]).toEqual([true, 'n', true]);
  expect(expressionAt(cursor)).toMatchObject({ kind: 'star', table: 't' });
  cursor.expect(',');
  expect(expressionAt(cursor)).toMatchObject({ kind: 'call', args: [{ kind: 'star', table: null }] });
  expect(cursor.is('from')).toBe(true);
});
