/** Pages of results: together they are what a person would sort and filter by hand, however they are cut. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WindowShape } from '../../src/projections/duckdb-schema.ts';
import { appendedResults } from '../../src/projections/live-results.ts';
import { type ResultPlace, type ResultQuery, resultPage } from '../../src/projections/result-pages.ts';
import type { Row, Store } from '../../src/projections/store.ts';
import { createWorld, type NamedResult, windowResult } from './projection-fixture.ts';

const shape = (name: string, kind: string): WindowShape => ({
  name,
  kind,
  aggregates: [{ name: 'sum', isCount: false, gives: 'number' }],
});
const SHAPES = [shape('tumbling', 'tumbling'), shape('session', 'session'), shape('hundred', 'count')];
/** Configured no more: its results are kept elsewhere. */
const NAMES = [...SHAPES.map(({ name }) => name), 'gone'];
const ALL: ResultQuery = {
  of: 'windows',
  name: null,
  key: null,
  fromMs: null,
  toMs: null,
  revisions: 'newest',
  after: null,
  limit: 100,
};
const KEYS = [null, '', 'a', "b'c", 'ü\n,"', 'null', '17', `${'long'.repeat(30)}1`, `${'long'.repeat(30)}2`, 'a\0b'];

const result = fc
  .record({
    window: fc.constantFrom(...NAMES),
    key: fc.constantFrom(...KEYS),
    start: fc.integer({ min: -3, max: 3 }).map((i) => i * 1000),
    length: fc.integer({ min: 1, max: 3 }).map((i) => i * 1000),
    revision: fc.integer({ min: -1, max: 2 }),
    sum: fc.integer({ min: 0, max: 3 }),
  })
  // Only a session's length is not its window's.
  .map(({ length, sum, start, ...rest }) =>
    windowResult({
      ...rest,
      start,
      end: start + (rest.window === 'session' ? length : 1000),
      count: 1,
      aggregates: { sum },
    }),
  );

async function storeOf(results: readonly NamedResult[]): Promise<Store> {
  const world = await createWorld();
  const store = await world.open('duckdb', { windows: SHAPES });
  if (results.length > 0) await world.append('s-0', 0, ...world.results(...results));
  await world.project([store]);
  return store;
}

async function allPages(store: Store, request: ResultQuery): Promise<Row[]> {
  const rows: Row[] = [];
  let after: ResultPlace | null = null;
  for (;;) {
    const page = await resultPage(store.query, SHAPES, { ...request, after });
    rows.push(...page.rows);
    if (page.next === null) return rows;
    expect(page.rows).toHaveLength(request.limit);
    after = page.next;
  }
}

/** By the words of the documentation, one result against all others. */
function isNewest(one: NamedResult, all: readonly NamedResult[]): boolean {
  const own = all.filter((other) => other.window === one.window && other.key === one.key);
  if (one.window === 'hundred') return true;
  if (one.window === 'session') {
    return !own.some(
      (other) =>
        other.start <= one.start &&
        other.end >= one.end &&
        (other.start < one.start || other.end > one.end || other.revision > one.revision),
    );
  }
  const same = own.filter(({ start }) => start === one.start);
  return one.revision === Math.max(...same.map(({ revision }) => revision));
}

const lineOf = (row: Row): string => JSON.stringify([row.window, row.key, row.start_at, row.end_at, row.revision]);
const lineOfResult = ({ window, key, start, end, revision }: NamedResult): string =>
  JSON.stringify([window, key, start, end, revision]);
/** Of results alike in window, key, start and revision, which does not happen but to count windows, one is newest. */
const unlike = (results: readonly NamedResult[]): NamedResult[] => {
  const seen = new Set<string>();
  return results.filter((one) => {
    const id =
      one.window === 'session' ? lineOfResult(one) : JSON.stringify([one.window, one.key, one.start, one.revision]);
    if (one.window === 'hundred') return true;
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });
};

describe('pages of results', () => {
  test('hold each result that fits once, newest first, whatever the filter and the size of a page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(result, { maxLength: 80, size: 'max' }).map(unlike),
        fc.record({
          limit: fc.integer({ min: 1, max: 5 }),
          name: fc.option(fc.constantFrom(...NAMES), { freq: 1 }),
          key: fc.option(
            fc.oneof(
              fc.constant({ kind: 'isNull' } as const),
              fc.record({
                kind: fc.constantFrom('is', 'beginsWith'),
                text: fc.constantFrom(...KEYS.filter((key) => key !== null), 'long', 'x'),
              }),
            ),
            { freq: 1 },
          ),
          fromMs: fc.option(fc.integer({ min: -4000, max: 4000 }), { freq: 1 }),
          toMs: fc.option(fc.integer({ min: -4000, max: 4000 }), { freq: 1 }),
          revisions: fc.constantFrom('newest', 'all'),
        }),
        async (results, filter) => {
          const store = await storeOf(results);
          const rows = await allPages(store, { ...ALL, ...filter });
          await store.close();
          const { key, name, fromMs, toMs } = filter;
          const wanted = results.filter(
            (one) =>
              (filter.revisions === 'all' || isNewest(one, results)) &&
              (name === null || one.window === name) &&
              (key === null ||
                (key.kind === 'isNull'
                  ? one.key === null
                  : one.key !== null && (key.kind === 'is' ? one.key === key.text : one.key.startsWith(key.text)))) &&
              (fromMs === null || one.start >= fromMs) &&
              (toMs === null || one.start < toMs),
          );
          expect(rows.map(lineOf).sort()).toEqual(wanted.map(lineOfResult).sort());
          const starts = rows.map(({ start_at }) => Number(start_at));
          expect(starts).toEqual([...starts].sort((a, b) => b - a));
        },
      ),
      { numRuns: 15 },
    );
  }, 120_000);

  test('do not shift when rows come between two of them', async () => {
    const world = await createWorld();
    const store = await world.open('duckdb', { windows: SHAPES });
    const at = (start: number, key: string) =>
      windowResult({ window: 'tumbling', key, start, end: start + 1000, aggregates: { sum: 1 } });
    await world.append('s-0', 0, ...world.results(...['a', 'b', 'c', 'd'].map((key) => at(0, key))));
    await world.project([store]);
    const first = await resultPage(store.query, SHAPES, { ...ALL, limit: 2 });
    await world.append('s-0', 0, ...world.results(at(1000, 'a'), at(0, 'aa'), at(0, 'cc')));
    await world.project([store]);
    const rest = await resultPage(store.query, SHAPES, { ...ALL, after: first.next });
    expect([first, rest].map(({ rows }) => rows.map(({ key }) => key))).toEqual([
      ['a', 'b'],
      ['c', 'cc', 'd'],
    ]);
  });

  test('of many keys of one start, and of many revisions of one key, are whole', async () => {
    const world = await createWorld();
    const store = await world.open('duckdb', { windows: SHAPES });
    const keys = Array.from({ length: 3000 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    const of = (key: string, revision: number) =>
      windowResult({ window: 'tumbling', key, start: 0, end: 1000, revision, aggregates: { sum: 1 } });
    const revised = Array.from({ length: 500 }, (_, revision) => of('k0000', revision - 499));
    await world.append('s-0', 0, ...world.results(...revised, ...keys.slice(1).map((key) => of(key, 0))));
    await world.project([store]);
    const rows = await allPages(store, { ...ALL, limit: 70 });
    expect(rows.map(({ key }) => key)).toEqual(keys);
    expect(rows[0]?.revision).toBe(0);
  });
});

describe('results that were appended since', () => {
  test('are the last few of each window, with how many there were', async () => {
    const world = await createWorld();
    const store = await world.open('duckdb', { windows: SHAPES });
    const many = (window: string, n: number, from = 0) =>
      Array.from({ length: n }, (_, i) =>
        windowResult({ window, key: `k${from + i}`, start: from + i, end: from + i + 1, aggregates: { sum: 1 } }),
      );
    await world.append('s-0', 0, ...world.results(...many('tumbling', 5)));
    await world.project([store]);
    const before = await appendedResults(store.query, SHAPES, null, 10);
    expect([before.rows, before.windows]).toEqual([[], {}]);
    await world.append('s-0', 0, ...world.results(...many('tumbling', 100, 5), ...many('session', 2)));
    await world.project([store]);
    const news = await appendedResults(store.query, SHAPES, before.seen, 10);
    expect(news.windows).toEqual({ tumbling: { results: 105, appended: 100 }, session: { results: 2, appended: 2 } });
    expect(news.rows.map(({ window, key }) => `${window} ${key}`).sort()).toEqual(
      ['session k0', 'session k1', ...[100, 101, 102, 103, 104].map((i) => `tumbling k${i}`)].sort(),
    );
    expect((await appendedResults(store.query, SHAPES, news.seen, 10)).rows).toEqual([]);
  });
});
