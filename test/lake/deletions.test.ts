/** Tombstones in a lake: rows with a mark, by which any reader finds what is left of each key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duckdbApi } from '../../src/projections/duckdb-api.ts';
import { rowsOf } from '../../src/projections/duckdb-reading.ts';
import { storeColumns } from '../../src/projections/store-tables.ts';
import { LAKE_MANIFEST, parseManifest } from '../../src/stores/lake/manifest.ts';
import type { LakeTable } from '../../src/stores/lake/stage.ts';
import { scratchDirectory } from '../journal/scratch.ts';
import { bring, CLICK_FIELDS, clicksTable, lakeAt } from './fixture.ts';

type Given =
  | { readonly userId: string; readonly occurredAt: number; readonly page: string | null; readonly amount: number }
  | { readonly key: string; readonly occurredAt: number };

const keyOf = (given: Given): string => ('key' in given ? given.key : given.userId);

const given: fc.Arbitrary<Given> = fc
  .record({
    key: fc.integer({ min: 0, max: 5 }),
    occurredAt: fc.integer({ min: 0, max: 2 * 86_400_000 }),
    isGone: fc.boolean(),
  })
  .map(({ key, occurredAt, isGone }) =>
    isGone
      ? { key: `k${key}`, occurredAt }
      : { userId: `k${key}`, occurredAt, page: `p${key}`, amount: occurredAt / 8 },
  );

/** The newest of each key by its time, of two at the same time the one that came later; without those that are gone. */
function leftOf(log: readonly Given[]): object[] {
  const newest = new Map<string, Given>();
  for (const each of log) {
    const known = newest.get(keyOf(each));
    if (known === undefined || each.occurredAt >= known.occurredAt) newest.set(keyOf(each), each);
  }
  return [...newest.values()].filter((each) => !('key' in each)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const COLUMNS = '"userId", epoch_ms("occurredAt") AS "occurredAt", page, amount';
/** As docs/lake.md has it for readers of the files. */
const NEWEST_SQL = `SELECT ${COLUMNS} FROM (FROM lake
  QUALIFY row_number() OVER (PARTITION BY "userId" ORDER BY "occurredAt" DESC, millrace_offset DESC) = 1)
  WHERE NOT millrace_deleted ORDER BY 1`;

test('what is left of each key is what a fold over the events leaves, wherever transactions and processes end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(given, { minLength: 1, maxLength: 40 }),
      fc.array(fc.record({ most: fc.integer({ min: 1, max: 12 }), isEnd: fc.boolean() }), {
        minLength: 1,
        maxLength: 8,
      }),
      async (log, turns) => {
        const directory = scratchDirectory();
        const at = { directory, targetBytes: 100_000, keepReplacedMs: 0 };
        let store = await lakeAt(at);
        const make = (_: string, from: number, to: number) => log.slice(from, to);
        for (
          let i = 0;
          (await bring(store, { 'clicks-0': log.length }, turns[i % turns.length]?.most ?? 1, make)) > 0;
          i++
        ) {
          if (turns[i % turns.length]?.isEnd !== true) continue;
          // Not closed: the process ended.
          store = await lakeAt(at);
        }
        expect(await store.query(`SELECT ${COLUMNS} FROM "clicks.newest" ORDER BY 1`)).toEqual(leftOf(log));
        const [counted] = await store.query(
          'SELECT count(*) AS n, count(*) FILTER (millrace_deleted) AS gone FROM clicks',
        );
        expect(counted).toEqual({ n: log.length, gone: log.filter((each) => 'key' in each).length });
        await store.close();
        const { tables } = parseManifest(readFileSync(join(directory, 'lake', LAKE_MANIFEST), 'utf8'), directory);
        const paths = (tables.clicks?.files ?? []).map(({ path }) => `'${join(directory, 'lake', path)}'`);
        const outside = await (await duckdbApi.DuckDBInstance.create(':memory:')).connect();
        await outside.run(`CREATE VIEW lake AS FROM read_parquet([${paths.join()}], union_by_name = true)`);
        expect(await rowsOf(outside, NEWEST_SQL)).toEqual(leftOf(log));
        outside.closeSync();
      },
    ),
    { numRuns: 15 },
  );
}, 300_000);

test.each([
  ['long', ['9007199254740993', 7n], { type: 'long' }],
  ['int', [7], { type: 'int' }],
  ['boolean', ['true', 'false'], { type: 'boolean' }],
  ['double', ['0.1', '-3'], { type: 'double' }],
  ['decimal', ['-12.50', '0.01'], { type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } }],
  ['a longer text', ['the key of a customer, ünï'], { type: 'string' }],
])('a key that is a %s is the key of its deletion', async (_, keys, type) => {
  const fields = [
    { name: 'id', ...type },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'price', type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }] },
  ];
  const columns = storeColumns(JSON.parse(JSON.stringify({ type: 'record', name: 'Click', fields })));
  const table: LakeTable = {
    of: 'clicks',
    role: 'stream',
    columns,
    key: ['id'],
    time: 'at',
    options: { partitionBy: [] },
  };
  const store = await lakeAt({ directory: scratchDirectory(), table });
  const longs = keys.map((key) => (typeof key === 'string' && _ === 'long' ? BigInt(key) : key));
  await bring(store, { 'clicks-0': keys.length }, 10, () =>
    longs.map((key) => ({ key, occurredAt: 1_234_567_890_123 })),
  );
  const rows = await store.query(
    'SELECT id::VARCHAR AS id, epoch_us("at")::VARCHAR AS at, price, millrace_deleted AS gone FROM clicks ORDER BY millrace_offset',
  );
  expect(rows.map(({ id }) => (_ === 'double' ? Number(id) : id))).toEqual(
    keys.map((key) => (_ === 'double' ? Number(key) : String(key))),
  );
  expect(rows[0]).toMatchObject({ at: '1234567890123000', price: null, gone: true });
  await store.close();
});

test('files of before there were marks are those of events', async () => {
  const directory = scratchDirectory();
  // A table of any other role has no mark: a lake of an earlier version had none in any.
  const before = await lakeAt({ directory, table: { ...clicksTable([]), role: 'derived' } });
  await bring(before, { 'clicks-0': 3 }, 3);
  const digest = await before.digest();
  await before.close();
  const store = await lakeAt({ directory, table: clicksTable([], CLICK_FIELDS) });
  expect(await store.digest()).toEqual(digest);
  expect(await store.query('SELECT DISTINCT millrace_deleted AS gone FROM clicks')).toEqual([{ gone: false }]);
  await bring(store, { 'clicks-0': 4 }, 3, () => [{ key: 'clicks-0-1', occurredAt: Date.UTC(2027, 0, 1) }]);
  expect(await store.query('SELECT "userId" AS id FROM "clicks.newest" ORDER BY 1')).toEqual([
    { id: 'clicks-0-0' },
    { id: 'clicks-0-2' },
  ]);
  await store.close();
});
