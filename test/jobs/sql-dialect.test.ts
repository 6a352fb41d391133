/** What another engine does not take is found in the statement, and in nothing that only looks like it. */
import { expect, test } from 'vitest';
import { dialectNotes } from '../../src/jobs/sql-dialect.ts';

test('each form that an engine does not take is named at its place, with what to write', () => {
  const sql = 'SELECT quantile_cont(x, 0.5), a // b,\n  x::INT\nFROM t GROUP BY ALL QUALIFY n = 1';
  expect(dialectNotes(sql, 'spark')).toEqual([
    { character: 8, message: expect.stringMatching(/^Spark does not take quantile_cont\(\): write percentile_cont/) },
    { character: 33, message: 'Spark does not take //: write floor(a / b)' },
  ]);
  expect(dialectNotes(sql, 'trino').map(({ message }) => /take (.*?): /.exec(message)?.[1])).toEqual([
    'quantile_cont()',
    '//',
    '::',
    'GROUP BY ALL',
    'QUALIFY',
  ]);
});

test('what is in a text, a quoted name or a comment is passed over', () => {
  const sql = `SELECT 'list(x) // it''s', "QUALIFY" -- EXCLUDE
    /* arg_max(x, y) */ FROM t`;
  expect([...dialectNotes(sql, 'spark'), ...dialectNotes(sql, 'trino')]).toEqual([]);
});

test('what runs on both has no note', () => {
  const sql = `WITH h AS (SELECT city, date_trunc('hour', t) AS hour, count(*) FILTER (WHERE x > 5) AS n FROM trips GROUP BY 1, 2)
    SELECT city, sum(n) OVER (PARTITION BY city ORDER BY hour) AS s, max_by(city, n) FROM h GROUP BY city`;
  expect([...dialectNotes(sql, 'spark'), ...dialectNotes(sql, 'trino')]).toEqual([]);
});
