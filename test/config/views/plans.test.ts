/** What statements mean: the windows, derived streams and joins that one would write by hand. */
import { describe, expect, test } from 'vitest';
import { checkerIn } from '../../../src/config/views/checker.ts';
import { groupedPlan } from '../../../src/config/views/grouped.ts';
import { joinedPlan } from '../../../src/config/views/joined.ts';
import type { AvroRecord } from '../../../src/messages/avro.ts';
import { ExpressionError } from '../../../src/sql/expression-error.ts';
import { parseStatement } from '../../../src/sql/statement.ts';

const INSTANT = { type: 'long', logicalType: 'timestamp-millis' } as const;
const PAYMENT: AvroRecord = {
  type: 'record',
  name: 'Payment',
  fields: [
    { name: 'customerId', type: 'long' },
    { name: 'city', type: ['null', 'string'] },
    { name: 'amountCents', type: 'long' },
    { name: 'occurredAt', type: INSTANT },
  ],
};
const grouped = (sql: string) => {
  const statement = parseStatement(sql);
  return groupedPlan(
    statement,
    { source: statement.from, schema: PAYMENT, prefix: [] },
    'occurredAt',
    checkerIn(PAYMENT, []),
  );
};
const BUCKET = "time_bucket(INTERVAL '1 minute', occurredAt)";

describe('a statement with a group', () => {
  test('is a window by its bucket, with the other columns as its key', () => {
    const plan = grouped(
      `SELECT customerId, ${BUCKET} AS minute, count(*) AS n, sum(amountCents) AS total
       FROM payments.transactions WHERE amountCents > 0 GROUP BY ALL HAVING n > 1`,
    );
    expect(plan).toEqual({
      window: { tumbling: 60_000, offset: 0 },
      key: [{ name: 'customerId', expression: 'customerId' }],
      where: '(amountCents > 0)',
      having: '(n > 1)',
      results: [
        { name: 'customerId', expression: '(customerId)' },
        { name: 'minute', expression: '(start)' },
        { name: 'n', expression: 'count()' },
        { name: 'total', expression: 'sum(amountCents)' },
      ],
    });
  });

  test('may compute its key and its results, and name its stream', () => {
    const plan = grouped(
      `SELECT lower(p.city) AS town, sum(p.amountCents) / count(*) AS mean, max(p.amountCents, 3) AS top,
         count(DISTINCT p.customerId) FILTER (WHERE p.amountCents > 5) AS c
       FROM payments AS p GROUP BY town, date_trunc('hour', p.occurredAt) HAVING count(*) > 2 AND mean < 9`,
    );
    expect(plan.window).toEqual({ tumbling: 3_600_000, offset: 0 });
    expect(plan.key).toEqual([{ name: 'lower(city)', expression: 'lower(city)' }]);
    expect(plan.results.map(({ expression }) => expression)).toEqual([
      '"lower(city)"',
      '(sum(amountCents) / count())',
      'nullif(top(amountCents, 3), [])',
      'count(DISTINCT customerId) FILTER (WHERE (amountCents > 5))',
    ]);
    expect(plan.having).toBe('((count() > 2) AND (mean < 9))');
  });

  test('may come of a table function', () => {
    const plan = grouped(
      `SELECT window_start AS s, window_end AS e, count(*) AS n
       FROM hop(payments, occurredAt, INTERVAL 10 SECOND, INTERVAL 1 MINUTE) GROUP BY window_start, window_end`,
    );
    expect(plan.window).toEqual({ hopping: { every: 10_000, size: 60_000 }, offset: 0 });
    expect(plan.key).toEqual([]);
    expect(plan.results.map(({ expression }) => expression)).toEqual(['(start)', '"end"', 'count()']);
  });

  test.each([
    ['SELECT count(*) AS n FROM s', /never ends/],
    ['SELECT city, count(*) AS n FROM s GROUP BY city', /never ends/],
    [`SELECT ${BUCKET} AS m, city FROM s GROUP BY m`, /neither grouped/],
    [`SELECT ${BUCKET} AS m, count(*) FROM s GROUP BY m`, /needs a name/],
    [`SELECT ${BUCKET} AS m, first(city) AS f FROM s GROUP BY ALL`, /arg_min/],
    [`SELECT ${BUCKET} AS m, count(*) AS n FROM s WHERE count(*) > 1 GROUP BY ALL`, /HAVING/],
    [`SELECT date_trunc('month', occurredAt) AS m, count(*) AS n FROM s GROUP BY ALL`, /no one length/],
    ['SELECT time_bucket(INTERVAL 1 MONTH, occurredAt) AS m, count(*) AS n FROM s GROUP BY ALL', /no one length/],
    ['SELECT count(*) AS n FROM tumble(s, occurredAt, INTERVAL 1 MINUTE) GROUP BY ALL', /window_start/],
    [`SELECT ${BUCKET} AS m, count(*) AS m FROM s GROUP BY 1`, /two columns/],
  ])('that is no window is refused: %s', (sql, reason) => {
    expect(() => grouped(sql)).toThrow(ExpressionError);
    expect(() => grouped(sql)).toThrow(reason);
  });
});

const joined = (sql: string) => {
  const statement = parseStatement(sql);
  const { from, join } = statement;
  if (join === null) throw new Error('no join');
  const side = { schema: PAYMENT, eventTime: 'occurredAt' };
  return joinedPlan(
    statement,
    join,
    { ...side, source: from, prefix: ['left'] },
    { ...side, source: join.right, prefix: ['right'] },
  );
};

describe('a statement with a join', () => {
  test('is an interval join by its bounds of time', () => {
    expect(
      joined(
        `SELECT o.customerId, p.amountCents - o.amountCents AS less FROM orders o LEFT JOIN payments p
         ON o.customerId = p.customerId AND p.occurredAt BETWEEN o.occurredAt - INTERVAL 1 MINUTE AND o.occurredAt + INTERVAL 5 MINUTE
         WHERE o.amountCents > 3`,
      ),
    ).toEqual({
      type: 'left',
      on: [{ left: 'customerId', right: 'customerId' }],
      withinMs: { before: 60_000, after: 300_000 },
      where: '(left.amountCents > 3)',
      columns: [
        { name: 'customerId', expression: 'left.customerId' },
        { name: 'less', expression: '(right.amountCents - left.amountCents)' },
      ],
    });
  });

  test.each([
    ['b.occurredAt > a.occurredAt AND b.occurredAt <= a.occurredAt + INTERVAL 1 SECOND', { before: 0, after: 1000 }],
    ['b.occurredAt >= a.occurredAt AND b.occurredAt < a.occurredAt + INTERVAL 1 SECOND', { before: 0, after: 999 }],
    ['a.occurredAt - b.occurredAt IS NULL', null],
    [
      'a.occurredAt BETWEEN b.occurredAt - INTERVAL 2 SECOND AND b.occurredAt + INTERVAL 3 SECOND',
      { before: 3000, after: 2000 },
    ],
  ])('reads a bound from either side: %s', (bound, within) => {
    const sql = `SELECT a.city FROM a JOIN b ON a.customerId = b.customerId AND ${bound}`;
    if (within === null) expect(() => joined(sql)).toThrow(/bound of time/);
    else expect(joined(sql).withinMs).toEqual(within);
  });

  test('by ASOF takes the row of a table', () => {
    const sql = 'SELECT a.city FROM a ASOF JOIN b ON a.customerId = b.customerId AND a.occurredAt >= b.occurredAt';
    expect(joined(sql)).toMatchObject({ withinMs: null, type: 'inner' });
  });

  test.each([
    ['SELECT a.city FROM a JOIN b USING (customerId)', /keeps all events for ever/],
    ['SELECT city FROM a ASOF JOIN b ON a.customerId = b.customerId AND a.occurredAt >= b.occurredAt', /field of both/],
    ['SELECT a.city FROM a JOIN b ON a.occurredAt = b.occurredAt AND a.amountCents > 3', /bound of time/],
    ['SELECT count(*) AS n FROM a JOIN b USING (customerId) GROUP BY ALL', /without a bound of time/],
  ])('that is none is refused: %s', (sql, reason) => {
    expect(() => joined(sql)).toThrow(reason);
  });
});
