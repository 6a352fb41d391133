/** Job tables: written aside, published at once, each statement beside the others. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { type JobDatabase, openJobDatabase } from '../../src/job-tables/database.ts';
import { JOBS_COPY } from '../../src/job-tables/names.ts';
import type { RunStatement, TableWrite } from '../../src/job-tables/protocol.ts';
import { bindSql } from '../../src/jobs/sql-text.ts';
import { parseTemplate } from '../../src/jobs/template.ts';

const MB = 1024 ** 2;
let directory: string;
let database: JobDatabase;
const open = (): Promise<JobDatabase> => openJobDatabase({ directory, memoryBytes: 128 * MB, threads: 2 });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-jobs-'));
  database = await open();
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const REPLACE: TableWrite = { mode: 'replace' };

function statement(
  runId: string,
  table: string,
  sql: string,
  { write = REPLACE, ...more }: Partial<RunStatement> & { readonly write?: TableWrite } = {},
): RunStatement {
  const identity = { job: 'j', step: table, runId, key: `${runId}/${table}` };
  return {
    identity,
    sql,
    parameters: [],
    models: null,
    lines: [],
    windows: [],
    target: { kind: 'table', table, write },
    ...more,
  };
}

const rows = (sql: string) => database.readers.query(sql);

async function written(runId: string, table: string, sql: string, write = REPLACE) {
  await database.run(statement(runId, table, sql, { write }));
  return database.publish(runId, table, 1000);
}

test('nobody but its own run sees what a run has written until it is published, and then at once', async () => {
  await written('r1', 'daily', 'SELECT 1 AS x');
  await database.run(statement('r2', 'daily', 'SELECT 2 AS x UNION ALL SELECT 3'));
  expect(await rows('SELECT * FROM daily')).toEqual([{ x: 1 }]);
  await database.run(statement('r2', 'sums', 'SELECT sum(x) AS total FROM daily'));
  await database.run(statement('r3', 'sums', 'SELECT sum(x) AS total FROM daily'));
  const relations = await Promise.all(['r2', 'r3'].map((run) => database.relation(run, 'sums', true)));
  expect(
    (await rows(`SELECT total FROM ${relations[0]} UNION ALL SELECT total FROM ${relations[1]}`)).map(
      ({ total }) => total,
    ),
  ).toEqual([5, 1]);
  expect(await database.relation('r3', 'daily', false)).toBe('"daily"');
  expect(await database.publish('r2', 'daily', 7)).toMatchObject({
    runId: 'r2',
    rows: 2,
    tableRows: 2,
    publishedAt: 7,
  });
  expect(await rows('SELECT * FROM daily ORDER BY x')).toEqual([{ x: 2 }, { x: 3 }]);
});

test('a publication that is asked for again is the same one, also after the database was opened again', async () => {
  const add: TableWrite = { mode: 'append' };
  const first = await written('a1', 'log', 'SELECT 1 AS x', add);
  await written('a2', 'log', "SELECT 2 AS x, 'new' AS y", add);
  await database.close();
  database = await open();
  expect(await database.publish('a1', 'log', 2000)).toEqual(first);
  expect(await rows('SELECT x, y FROM log ORDER BY x')).toEqual([
    { x: 1, y: null },
    { x: 2, y: 'new' },
  ]);
  expect((await database.unrecorded()).filter(({ table }) => table === 'log')).toHaveLength(2);
  await database.recorded('a1', 'log');
  expect((await database.unrecorded()).filter(({ table }) => table === 'log').map(({ runId }) => runId)).toEqual([
    'a2',
  ]);
  await expect(database.publish('a3', 'log', 0)).rejects.toThrow('Run a3 has no rows for the table log');
});

test('a run takes the place of its interval, or of its keys, and of nothing else', async () => {
  const day = 86_400_000;
  const of = (start: number): TableWrite => ({
    mode: 'interval',
    column: 'day',
    startMs: start * day,
    endMs: (start + 1) * day,
  });
  const select = (start: number, n: number) => `SELECT make_timestamp(${start * day}000)::DATE AS day, ${n} AS n`;
  for (const [run, start, n] of [
    ['d0', 0, 1],
    ['d1', 1, 2],
    ['d0again', 0, 3],
  ] as const)
    await written(run, 'days', select(start, n), of(start));
  expect(await rows('SELECT n FROM days ORDER BY day')).toEqual([{ n: 3 }, { n: 2 }]);
  const upsert: TableWrite = { mode: 'upsert', key: ['k'] };
  await written('u1', 'places', "SELECT * FROM (VALUES ('a', 1), (NULL, 2)) v(k, n)", upsert);
  await written('u2', 'places', "SELECT * FROM (VALUES (NULL, 3), ('b', 4)) v(k, n)", upsert);
  expect(await rows('SELECT * FROM places ORDER BY n')).toEqual([
    { k: 'a', n: 1 },
    { k: null, n: 3 },
    { k: 'b', n: 4 },
  ]);
  await expect(written('u3', 'places', "SELECT * FROM (VALUES ('c', 1), ('c', 2)) v(k, n)", upsert)).rejects.toThrow(
    'The key of the upsert is in 2 rows of the run: {"k":"c"}',
  );
  expect(await rows('SELECT count(*) AS n FROM places')).toEqual([{ n: 3 }]);
});

test('a statement reads the read models under their names, lines of JSON, files, and values beside its text', async () => {
  const models = join(directory, 'models.duckdb');
  const instance = await DuckDBInstance.create(models);
  const connection = await instance.connect();
  await connection.run('CREATE TABLE transactions AS SELECT 5 AS amount; CREATE SCHEMA payments');
  await connection.run('CREATE VIEW payments.transactions AS SELECT amount * 2 AS amountCents FROM main.transactions');
  connection.closeSync();
  instance.closeSync();
  const file = join(directory, 'weather.jsonl');
  writeFileSync(file, '{"place":"Bern","observed_at":86400000}\n{"place":"Oslo","observed_at":null}\n');
  const columns = [
    { name: 'place', type: 'VARCHAR', sql: 'place' },
    { name: 'observed_at', type: 'BIGINT', sql: 'make_timestamp(observed_at * 1000)' },
  ];
  writeFileSync(join(directory, 'in-1970-01-02.csv'), 'n\n7\n');
  await database.run(
    statement(
      'm1',
      'mixed',
      `SELECT (SELECT sum("amountCents") FROM payments.transactions) + (SELECT sum(amount) FROM transactions) AS cents,
         (SELECT count(*) FROM weather WHERE observed_at::DATE = $1) AS places, (SELECT n FROM read_csv($2 || '/in-' || $3 || '.csv')) AS n`,
      { models, lines: [{ name: 'weather', file, columns }], parameters: [{ days: 1 }, directory, '1970-01-02'] },
    ),
  );
  await database.publish('m1', 'mixed', 0);
  expect(await rows('SELECT * FROM mixed')).toEqual([{ cents: 15, places: 1, n: 7 }]);
  const path = join(directory, 'out.jsonl');
  const target = { kind: 'file', path, format: 'jsonl' } as const;
  expect(await database.run(statement('m2', '', 'FROM mixed WHERE n = $1', { target, parameters: [7] }))).toBe(1);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ cents: 15, places: 1, n: 7 });
});

test.each([
  ['SELECT 1;\n\nSELECT nothing_here FROM range(3)', 'A step has one statement; this text holds 2'],
  ['SELECT 1,\n  nothing_here FROM range(3)', 'line 2 of the statement'],
  ['DROP TABLE daily', 'The statement of a step reads: SELECT, FROM or WITH'],
  ["COPY (SELECT 1) TO 'x'", 'The statement of a step reads'],
  ['SELECT * FROM no_such_table', 'no_such_table'],
])('%j is refused, with where', async (sql, message) => {
  await expect(database.run(statement('bad', 'bad', sql))).rejects.toThrow(message);
  await expect(database.publish('bad', 'bad', 0)).rejects.toThrow('has no rows for the table');
});

test('a statement that runs for ever stops when it is told to, and another runs beside it', async () => {
  const endless = database.run(statement('e', 'endless', 'SELECT count(*) FROM range(1000000000000) a, range(1000) b'));
  const failed = expect(endless).rejects.toThrow(/interrupt/i);
  await written('f', 'short', 'SELECT 1 AS x');
  database.stop('e/endless');
  await failed;
});

test('a statement that is told to stop before it has begun does not go on, and may be run again', async () => {
  const sql = 'SELECT count(*) FROM range(1000000000000) a, range(1000) b';
  for (let turn = 0; turn < 3; turn++) {
    const endless = database.run(statement('early', 'endless', sql));
    const failed = expect(endless).rejects.toThrow(/interrupt/i);
    database.stop('early/endless');
    await failed;
  }
  await written('early', 'endless', 'SELECT 1 AS x');
});

test('groups of several times the memory limit spill to the disk and come out right', async () => {
  await written(
    's',
    'spilled',
    `SELECT sum(n)::BIGINT AS n, count(*) AS groups FROM (
       SELECT repeat('x', 60) || (i % 1000000) AS text, count(*) AS n FROM range(1100000) t(i) GROUP BY ALL)`,
  );
  expect(await rows('SELECT * FROM spilled')).toEqual([{ n: 1_100_000, groups: 1_000_000 }]);
});

const MEASUREMENTS = fileURLToPath(new URL('../fixtures/1brc/', import.meta.url));

test('the job of config/measurements.yaml gives every answer of the One Billion Row Challenge to the last digit', async () => {
  const config = loadConfig(fileURLToPath(new URL('../../config/measurements.yaml', import.meta.url)), {});
  const settings = config.jobs[0]?.steps[0]?.settings;
  if (settings?.kind !== 'sql') throw new Error('no statement');
  const template = parseTemplate(settings.sql);
  if ('problem' in template) throw new Error(template.problem);
  const answers: Record<string, string> = {};
  const names = readdirSync(MEASUREMENTS).filter((name) => name.endsWith('.txt'));
  for (const name of names) {
    const bound = bindSql(template, () => join(MEASUREMENTS, name));
    await database.run(statement(name, 'stations', bound.sql, bound));
    const relation = await database.relation(name, 'stations', true);
    const found = await rows(
      `SELECT station, printf('%.1f/%.1f/%.1f', min_temperature, mean_temperature, max_temperature) AS text FROM ${relation}`,
    );
    const texts = found.map(({ station, text }) => `${station}=${text}`);
    answers[name] = `{${texts.sort(byStation).join(', ')}}`;
  }
  const expected = names.map((name) => [
    name,
    readFileSync(join(MEASUREMENTS, name.replace('.txt', '.out')), 'utf8').trim(),
  ]);
  expect(answers).toEqual(Object.fromEntries(expected));
  expect(names.length).toBeGreaterThan(5);
});

/** As Java orders texts: by their UTF-16 units. */
function byStation(one: string, other: string): number {
  const [a = '', b = ''] = [one, other].map((text) => text.slice(0, text.lastIndexOf('=')));
  return a < b ? -1 : a > b ? 1 : 0;
}

test('the digest names every published table, and says the same of the same rows in any order', async () => {
  await written('g1', 'one', 'SELECT * FROM (VALUES (1, NULL), (2, 3)) v(a, b)');
  await written('g2', 'other', 'SELECT * FROM (VALUES (2, 3), (1, NULL)) v(a, b)');
  const digests = new Map(
    (await database.digest()).map(({ table, ...digest }) => [table, JSON.stringify({ ...digest, table: '' })]),
  );
  expect(digests.get('one')).toBe(digests.get('other'));
  expect([...digests.keys()].some((name) => name.includes('@'))).toBe(false);
});

test('a copy of a moment, put where a backup is restored to, has the same tables', async () => {
  const restored = join(directory, 'restored');
  await database.copy(join(restored, JOBS_COPY));
  const again = await openJobDatabase({ directory: restored, memoryBytes: 128 * MB, threads: 1 });
  expect(await again.digest()).toEqual(await database.digest());
  await again.close();
});
