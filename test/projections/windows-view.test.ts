/** The views `windows`, one row a window, key and start, and `sessions`, one row a session. */
import { describe, expect, test } from 'vitest';
import { sessionClosedType } from '../../src/fraud/types.ts';
import type { WindowShape } from '../../src/projections/duckdb-schema.ts';
import { createWorld, type NamedResult, windowResult } from './projection-fixture.ts';

const FUNCTIONS = ['count', 'sum', 'min', 'max', 'avg'] as const;
const totals: WindowShape = {
  name: 'totals',
  kind: 'tumbling',
  aggregates: FUNCTIONS.map((fn) => ({ name: fn, isCount: fn === 'count', gives: 'number' })),
};
const byKey: WindowShape = { ...totals, name: 'by-key' };

/** What a window says of these values, by the definitions of its aggregates. */
function result(values: readonly number[], change: Partial<NamedResult> = {}): NamedResult {
  const sum = values.reduce((a, b) => a + b, 0);
  const aggregates = {
    count: values.length,
    sum,
    min: Math.min(...values),
    max: Math.max(...values),
    avg: sum / values.length,
  };
  return windowResult({ count: values.length, aggregates, ...change });
}

/** Rows of the view over logs that each hold one partition's results. */
async function viewOf(partitions: readonly (readonly NamedResult[])[], shapes: readonly WindowShape[]) {
  const world = await createWorld();
  const store = await world.open('duckdb', { windows: shapes });
  for (const [partition, results] of partitions.entries()) {
    if (results.length > 0) await world.append(`s-${partition}`, partition, ...world.results(...results));
  }
  await world.project([store]);
  const rows = await store.query(
    'SELECT window_name, key, epoch_ms(start_at) AS start, revision, count, aggregates FROM windows ORDER BY ALL',
  );
  await store.close();
  return rows.map(({ aggregates, ...row }) => ({ ...row, ...JSON.parse(String(aggregates)) }));
}

describe('the view of windows', () => {
  test('has the newest revision of a window and key alone', async () => {
    const revisions = [1, 2, 3].map((n, revision) =>
      result(Array(n).fill(5), { window: 'by-key', key: 'a', revision }),
    );
    const other = result([7], { window: 'by-key', key: 'b' });
    expect(await viewOf([[...revisions, other]], [byKey])).toMatchObject([
      { window_name: 'by-key', key: 'a', revision: 2, count: 3, sum: 15 },
      { window_name: 'by-key', key: 'b', revision: 0, count: 1, sum: 7 },
    ]);
  });

  test('keeps results of a window that is configured differently now, or no more', async () => {
    const old = result([1, 2], { window: 'gone', key: 'a' });
    const shorter = windowResult({ window: 'by-key', key: 'a', aggregates: { sum: 3 } });
    expect(await viewOf([[old, shorter]], [byKey])).toMatchObject([
      { window_name: 'by-key', key: 'a', sum: 3 },
      { window_name: 'gone', key: 'a', sum: 3, avg: 1.5 },
    ]);
  });

  test('has a session once, however often it grew, and with it none of those that it merged', async () => {
    const sessions: WindowShape = { ...byKey, name: 'sessions', kind: 'session' };
    const session = (start: number, end: number, n: number, revision: number, key = 'a') =>
      result(Array(n).fill(1), { window: 'sessions', key, start, end, revision });
    const rows = await viewOf(
      [
        [
          session(0, 10, 1, 0),
          session(20, 30, 2, 0),
          session(40, 50, 1, 0),
          session(0, 30, 4, 1),
          session(0, 5, 1, 0, 'b'),
        ],
      ],
      [sessions],
    );
    expect(rows).toMatchObject([
      { key: 'a', start: 0, revision: 1, count: 4 },
      { key: 'a', start: 40, revision: 0, count: 1 },
      { key: 'b', start: 0, revision: 0, count: 1 },
    ]);
  });

  test('has every result of a window of a count, also of two that begin together', async () => {
    const counts: WindowShape = { ...byKey, name: 'counts', kind: 'count' };
    const of = (value: number) => result([value], { window: 'counts', key: 'a', start: 0, end: 1 });
    expect(await viewOf([[of(1), of(2)]], [counts])).toMatchObject([{ sum: 1 }, { sum: 2 }]);
  });

  test('has of a count what is left of it when a flush gave it before it was full', async () => {
    const counts: WindowShape = { ...byKey, name: 'counts', kind: 'count' };
    const of = (n: number, start: number, revision: number) =>
      result(Array(n).fill(1), { window: 'counts', key: 'a', start, end: 20, revision });
    // Full; one that a flush gave twice and that is full then; one that an earlier event has moved.
    const log = [of(3, 5, 0), of(1, 5, 0), of(2, 5, 1), of(3, 5, 2), of(1, 9, 0), of(0, 9, 1), of(3, 7, 2)];
    expect(await viewOf([log], [counts])).toMatchObject([
      { start: 5, revision: 0, count: 3 },
      { start: 5, revision: 2, count: 3 },
      { start: 7, revision: 2, count: 3 },
    ]);
  });

  test('has nothing of a group that a result of no events takes back', async () => {
    const log = [result([1], { window: 'by-key', key: 'a' }), result([], { window: 'by-key', key: 'a', revision: 1 })];
    expect(await viewOf([[...log, result([2], { window: 'by-key', key: 'b' })]], [byKey])).toMatchObject([
      { key: 'b' },
    ]);
  });

  test('has lists, texts and nulls as they are', async () => {
    const aggregates = [
      { name: 'all', isCount: false, gives: 'list' },
      { name: 'first', isCount: false, gives: 'text' },
      { name: 'sum', isCount: false, gives: 'number' },
    ] as const;
    const shape: WindowShape = { ...byKey, name: 'lists', aggregates };
    const of = (key: string, values: NamedResult['aggregates']) =>
      windowResult({ window: 'lists', key, aggregates: values });
    const results = [
      of('a', { all: [1, 2.5], first: 'é', sum: 3 }),
      of('b', { all: [], first: 'a text of more than 12', sum: -0.5 }),
    ];
    expect(await viewOf([results], [shape])).toMatchObject([
      { key: 'a', all: [1, 2.5], first: 'é', sum: 3 },
      { key: 'b', all: [], first: 'a text of more than 12', sum: -0.5 },
    ]);
    // In another type, as another configuration had it.
    expect(await viewOf([[of('c', { all: 'x', first: null, sum: 1 })]], [shape])).toMatchObject([
      { key: 'c', all: 'x' },
    ]);
  });
});

test('the view of sessions has each once, however often a flush gave it before it was over', async () => {
  const [END, T] = [8.64e15, 1_500_000_000_000];
  const session = (customerId: number, start: number, end: number, count: number, at: number) => ({
    customerId,
    start: T + start,
    end: T + end,
    at,
    count,
    totalCents: 100 * count,
    maxScore: 0,
  });
  const world = await createWorld();
  const store = await world.open('duckdb', { windows: [] });
  const given = [
    session(1, 0, 30, 1, END),
    session(1, 40, 70, 2, END),
    session(2, 0, 30, 1, END),
    // The first two of a customer have become one, which is over; another has more between its ends.
    session(1, 0, 90, 5, T + 100),
    session(2, 0, 30, 2, END),
    session(1, 200, 230, 1, END),
    session(3, 0, 30, 1, T + 100),
  ];
  await world.append('payments.transactions-0', 0, sessionClosedType.encodeBlock(given));
  await world.project([store]);
  const rows = await store.query('SELECT customer_id, count FROM sessions ORDER BY customer_id, start_at');
  await store.close();
  expect(rows.map(({ customer_id: customer, count }) => [customer, count])).toEqual([
    [1, 5],
    [1, 1],
    [2, 2],
    [3, 1],
  ]);
});
