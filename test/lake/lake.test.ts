/** A lake holds each event of the journal once, whatever fails and whenever; its files are as other engines read them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { duckdbApi } from '../../src/projections/duckdb-api.ts';
import { rowsOf } from '../../src/projections/duckdb-reading.ts';
import type { Store } from '../../src/projections/store.ts';
import { smallFiles } from '../../src/stores/lake/compaction.ts';
import { LAKE_MANIFEST, type LakeFile, parseManifest } from '../../src/stores/lake/manifest.ts';
import { parsePartitionBy, printPartitionBy } from '../../src/stores/lake/options.ts';
import { partitionPath } from '../../src/stores/lake/partitions.ts';
import { scratchDirectory } from '../journal/scratch.ts';
import { bring, CLICK_FIELDS, clicksOf, clicksTable, lakeAt, placeOf, ROWS_SQL } from './fixture.ts';

const LOGS = { 'clicks-0': 60, 'clicks-1': 25 };
const EXPECTED = Object.entries(LOGS).flatMap(([log, end]) => clicksOf(log, 0, end));

const rowsIn = async (store: Store) => store.query(ROWS_SQL);
const manifestIn = (directory: string) =>
  parseManifest(readFileSync(join(directory, 'lake', LAKE_MANIFEST), 'utf8'), directory);

test('rows are in folders by day, one file each, with their offsets in the same manifest', async () => {
  const directory = scratchDirectory();
  const store = await lakeAt({ directory });
  await bring(store, LOGS, 100);
  expect(await rowsIn(store)).toEqual(EXPECTED);
  await store.close();
  const { tables, sequence } = manifestIn(directory);
  expect([sequence, tables.clicks?.offsets]).toEqual([1, LOGS]);
  const folders = readdirSync(join(directory, 'lake', 'clicks')).sort();
  expect(folders).toEqual(
    ['28', '29', '30'].map((day) => `occurredAt_day=2026-11-${day}`).concat('occurredAt_day=2026-12-01'),
  );
  const outside = await (await duckdbApi.DuckDBInstance.create(':memory:')).connect();
  const pattern = join(directory, 'lake', 'clicks', '**', '*.parquet');
  const found = await rowsOf(
    outside,
    `SELECT count(*) AS n, count(*) FILTER (WHERE "occurredAt_day" <> "occurredAt"::DATE) AS wrong
       FROM read_parquet('${pattern}', hive_partitioning = true)`,
  );
  expect(found).toEqual([{ n: EXPECTED.length, wrong: 0 }]);
  const codecs = await rowsOf(outside, `SELECT DISTINCT compression FROM parquet_metadata('${pattern}')`);
  expect(codecs).toEqual([{ compression: 'ZSTD' }]);
});

test('rows wait for their time or their size, a query sees whole commits, and what waited is read again', async () => {
  const directory = scratchDirectory();
  const store = await lakeAt({ directory, everyMs: 3_600_000 });
  await bring(store, LOGS, 10);
  expect([store.offsets().get('clicks-0'), store.kept?.().get('clicks-0')]).toEqual([10, undefined]);
  expect(await rowsIn(store)).toEqual([]);
  // Not closed: the process ended.
  const again = await lakeAt({ directory });
  expect(again.offsets()).toEqual(new Map());
  await bring(again, LOGS, 100);
  expect(await rowsIn(again)).toEqual(EXPECTED);
  await again.close();
});

test('rows that wait come at their time though nothing follows them, and at the end', async () => {
  const directory = scratchDirectory();
  const store = await lakeAt({ directory, everyMs: 150 });
  await bring(store, LOGS, 10);
  await expect.poll(() => store.kept?.().get('clicks-0'), { timeout: 5_000, interval: 20 }).toBe(10);
  const later = await lakeAt({ directory: scratchDirectory(), everyMs: 3_600_000 });
  await bring(later, LOGS, 100);
  const digest = await later.digest();
  await later.close();
  await bring(store, LOGS, 100);
  expect(await store.digest()).toEqual(digest);
  await store.close();
});

test('small files of a folder become one, readers of the old ones find them for a while, and no row is moved', async () => {
  const directory = scratchDirectory();
  const table = clicksTable([]);
  const store = await lakeAt({ directory, table, targetBytes: 1e6 });
  for (let i = 0; i < 9; i++) await bring(store, { 'clicks-0': 90 }, 10);
  expect(await rowsIn(store)).toEqual(clicksOf('clicks-0', 0, 90));
  await store.close();
  const { tables, replaced } = manifestIn(directory);
  expect(tables.clicks?.files.length).toBeLessThan(4);
  expect(replaced.length).toBeGreaterThan(7);
  expect(await placeOf(directory).list()).toEqual(expect.arrayContaining(replaced.map(({ path }) => path)));
  const later = await lakeAt({ directory, table, keepReplacedMs: 0 });
  await bring(later, { 'clicks-0': 91 }, 10);
  await later.close();
  const left = await placeOf(directory).list();
  expect(new Set(left)).toEqual(new Set(manifestIn(directory).tables.clicks?.files.map(({ path }) => path)));
});

test('what is compacted is of one folder, together not larger than a file should be, and not too little', () => {
  const file = (partition: string, bytes: number): LakeFile => {
    return { path: `${partition}${bytes}`, rows: 1, bytes, partition, layout: 0, from: null, to: null };
  };
  const small = Array.from({ length: 9 }, () => file('a/', 10));
  expect(smallFiles(small.slice(0, 7), 1000)).toEqual([]);
  expect(smallFiles([...small, file('b/', 1), file('a/', 600)], 1000)).toEqual([small]);
  expect(smallFiles(small, 85)[0]).toHaveLength(8);
});

describe('a schema that has changed', () => {
  const more = [...CLICK_FIELDS, { name: 'country', type: 'string', default: 'DE' }];
  const [user, at, , amount] = CLICK_FIELDS;

  test('goes on field by field: new ones are null in older rows, those that went stay in theirs', async () => {
    const directory = scratchDirectory();
    const first = await lakeAt({ directory });
    await bring(first, { 'clicks-0': 2 }, 10);
    await first.close();
    const grown = await lakeAt({ directory, table: clicksTable(['day(occurredAt)'], more) });
    const make = (log: string, from: number, to: number) =>
      clicksOf(log, from, to).map((each) => ({ ...each, country: 'FR' }));
    await bring(grown, { 'clicks-0': 4 }, 10, make);
    await grown.close();
    const less = await lakeAt({ directory, table: clicksTable(['day(occurredAt)'], [user, at, amount]) });
    await bring(less, { 'clicks-0': 5 }, 10);
    const rows = await less.query('SELECT page IS NULL AS p, country FROM clicks ORDER BY millrace_offset');
    expect(rows).toEqual([
      { p: true, country: null },
      { p: false, country: null },
      { p: false, country: 'FR' },
      { p: false, country: 'FR' },
      { p: true, country: null },
    ]);
    await less.close();
  });

  test('is refused where a column would be of another type, or rows in other folders', async () => {
    const directory = scratchDirectory();
    const store = await lakeAt({ directory });
    await bring(store, { 'clicks-0': 2 }, 10);
    await store.close();
    const text = clicksTable(['day(occurredAt)'], [user, at, { name: 'amount', type: 'string' }]);
    await expect(lakeAt({ directory, table: text })).rejects.toThrow(/column amount .* as DOUBLE, and now as VARCHAR/);
    await expect(lakeAt({ directory, table: clicksTable([]) })).rejects.toThrow(
      /in other folders \(day\(occurredAt\)\)/,
    );
  });
});

describe('a place is refused', () => {
  test('that another data directory fills, or another process meanwhile', async () => {
    const directory = scratchDirectory();
    const store = await lakeAt({ directory });
    const other = await lakeAt({ directory });
    await bring(store, LOGS, 10);
    await expect(bring(other, LOGS, 10)).rejects.toThrow(/written to by another process/);
    await store.close();
    await other.close();
    await expect(lakeAt({ directory, owner: 2 })).rejects.toThrow(/filled from another data directory/);
    const again = await lakeAt({ directory });
    expect(await again.query('SELECT count(*) AS n FROM clicks')).toEqual([{ n: 20 }]);
    await again.close();
  });

  test('with files that are no lake, a damaged manifest, or one of a later version', async () => {
    const directory = scratchDirectory();
    const lake = join(directory, 'lake');
    mkdirSync(lake);
    writeFileSync(join(lake, 'thesis.txt'), 'mine');
    await expect(lakeAt({ directory })).rejects.toThrow(/has files, such as thesis.txt, and is no lake/);
    writeFileSync(join(lake, LAKE_MANIFEST), '{"version":1,"owner":1}');
    await expect(lakeAt({ directory })).rejects.toThrow(/millrace-lake.json is damaged/);
    writeFileSync(join(lake, LAKE_MANIFEST), '{"version":7}');
    await expect(lakeAt({ directory })).rejects.toThrow(/later version/);
  });
});

test('a query of the lake reads nothing else of the machine, and writes nothing', async () => {
  const directory = scratchDirectory();
  const store = await lakeAt({ directory });
  await bring(store, LOGS, 10);
  await expect(store.query("SELECT * FROM read_csv('/etc/passwd')")).rejects.toThrow(/Permission Error/);
  const copy = `COPY clicks TO '${join(directory, 'lake', 'x.parquet')}'`;
  await expect(store.query(copy)).rejects.toThrow(/Only a statement that reads/);
  await store.close();
});

test('folders are named as Hive names them, and partitions as they are written', () => {
  const by = ['day(at)', 'country'].flatMap((text) => parsePartitionBy(text) ?? []);
  expect(by.map(printPartitionBy)).toEqual(['day(at)', 'country']);
  expect(partitionPath(by, ['2026-11-30', 'a/b=c%'])).toBe('at_day=2026-11-30/country=a%2Fb%3Dc%25/');
  expect(partitionPath(by, [null, ''])).toBe('at_day=__HIVE_DEFAULT_PARTITION__/country=__HIVE_DEFAULT_PARTITION__/');
  expect(partitionPath(by, ['x', '..'])).toBe('at_day=x/country=%2E./');
  expect(['minute(at)', 'day()', '', 'day(a(b))'].map(parsePartitionBy)).toEqual([null, null, null, null]);
});
