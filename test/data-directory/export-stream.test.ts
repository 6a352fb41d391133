/** A stream written to a file of each form, read by DuckDB and by avsc, and taken back by our own input. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ExportFormat, exportFormat, exportStream } from '../../src/data-directory/export-stream.ts';
import { type JournaledStream, journaledStreams, type RowChoice } from '../../src/data-directory/stream-rows.ts';
import { type FormatRun, runFile } from '../service/format-run.ts';
import { temporaryDirectory } from '../service/script-run.ts';

const FIELDS = [
  { name: 'n', type: ['null', 'long'], default: null },
  { name: 'x', type: 'double' },
  { name: 'ok', type: 'boolean' },
  { name: 'day', type: { type: 'int', logicalType: 'date' } },
  { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 3 } },
  { name: 'micros', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }], default: null },
  { name: 'note', type: 'string' },
];

const event = fc.record({
  k: fc.constantFrom('a', 'b', 'é"', 'with, comma', 'd\n'),
  t: fc.integer({ min: -1e12, max: 2e12 }),
  n: fc.option(fc.integer()),
  x: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  ok: fc.boolean(),
  day: fc.integer({ min: -30000, max: 40000 }),
  price: fc.integer().map((digits) => digits / 1000),
  micros: fc.option(fc.integer({ min: 0, max: 2e15 })),
  note: fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', '\n', '=', 'ß', '\\', '😀') }),
});
const EVENTS = fc.sample(event, { numRuns: 200, seed: 20261130 });

const lines = (events: readonly object[]): string => events.map((each) => `${JSON.stringify(each)}\n`).join('');
const sorted = (events: readonly object[]): string[] => events.map((each) => JSON.stringify(each)).sort();
const ALL: RowChoice = {
  where: null,
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
  ends: new Map(),
};

async function taken(name: string, content: string | Buffer | null, run: FormatRun): Promise<string> {
  const data = temporaryDirectory();
  await runFile(name, content, { ...run, data });
  return join(data, 'data');
}

function streamOf(dataDir: string, name: string): JournaledStream {
  const found = journaledStreams(dataDir).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no stream ${name}`);
  return found;
}

async function written(dataDir: string, name: string, ending: string, choice = ALL): Promise<string> {
  const path = join(temporaryDirectory(), `out.${ending}`);
  const format: ExportFormat = exportFormat(path) ?? 'jsonl';
  await exportStream(dataDir, { stream: streamOf(dataDir, name), choice, format, path });
  return path;
}

async function duckdb(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** Of the read model's digest no use is made: the events themselves are compared. */
async function eventsOf(dataDir: string): Promise<string[]> {
  const path = await written(dataDir, 'e', 'jsonl');
  const text = readFileSync(path, 'utf8');
  return text.split('\n').slice(0, -1).sort();
}

test('what is exported in any form is imported as the same events, on another number of partitions too', async () => {
  const from = await taken('in.jsonl', lines(EVENTS), { fields: FIELDS, partitions: 3 });
  const events = await eventsOf(from);
  expect(sorted(events.map((line) => JSON.parse(line)))).toEqual(sorted(EVENTS));
  for (const ending of ['csv', 'avro', 'parquet']) {
    const path = await written(from, 'e', ending);
    const to = await taken(path, null, { fields: FIELDS, partitions: 2 });
    expect(await eventsOf(to), ending).toEqual(events);
  }
});

test('DuckDB reads the values of each form, and avsc those of the container', async () => {
  const dir = await taken('in.jsonl', lines(EVENTS), { fields: FIELDS });
  const [parquet, csv, jsonl, gz] = [
    await written(dir, 'e', 'parquet'),
    await written(dir, 'e', 'csv'),
    await written(dir, 'e', 'jsonl'),
    await written(dir, 'e', 'jsonl.gz'),
  ];
  const sums = `count(*)::INT AS rows, count(n)::INT AS n, sum(n)::BIGINT AS total, sum(price::DECIMAL(20,3)) AS price,
    count(*) FILTER (WHERE ok)::INT AS ok, sum(length(note))::INT AS letters`;
  const want = {
    rows: EVENTS.length,
    n: EVENTS.filter(({ n }) => n !== null).length,
    total: String(EVENTS.reduce((sum, { n }) => sum + BigInt(n ?? 0), 0n)),
    ok: EVENTS.filter(({ ok }) => ok).length,
    letters: EVENTS.reduce((sum, { note }) => sum + [...note].length, 0),
  };
  const reads = [
    `read_parquet('${parquet}')`,
    `read_csv('${csv}', header = true, all_varchar = true, allow_quoted_nulls = false)`,
    `read_json('${jsonl}')`,
  ];
  const answers = await duckdb(
    reads
      .map(
        (read) =>
          `SELECT ${sums} FROM (SELECT * REPLACE (n::BIGINT AS n, ok::BOOLEAN AS ok, note::VARCHAR AS note) FROM ${read})`,
      )
      .join(' UNION ALL '),
  );
  for (const answer of answers) expect(answer).toMatchObject(want);
  expect(new Set(answers.map(({ price }) => price)).size).toBe(1);
  expect(gunzipSync(readFileSync(gz))).toEqual(readFileSync(jsonl));
  const [types] = await duckdb(
    `SELECT typeof(t) AS t, typeof(day) AS day, typeof(price) AS price, typeof(micros) AS micros FROM read_parquet('${parquet}') LIMIT 1`,
  );
  expect(types).toEqual({ t: 'TIMESTAMP', day: 'DATE', price: 'DECIMAL(20,3)', micros: 'TIMESTAMP' });
  const avroPath = await written(dir, 'e', 'avro');
  const avro = createRequire(import.meta.url)('avsc');
  const decoded: { readonly k: string; readonly t: number }[] = await new Promise((resolve, reject) => {
    const all: { readonly k: string; readonly t: number }[] = [];
    const decoder = avro.createFileDecoder(avroPath);
    decoder.on('data', (each: { readonly k: string; readonly t: number }) => all.push(each));
    decoder.on('end', () => resolve(all));
    decoder.on('error', reject);
  });
  expect(decoded.map(({ k, t }) => [k, t])).toEqual(EVENTS.map(({ k, t }) => [k, t]));
});

test('a condition and a range of event time choose events, and a derived stream has its own', async () => {
  const events = Array.from({ length: 50 }, (_, i) => ({ k: `k${i % 3}`, t: i * 1000, x: i }));
  const fields = [{ name: 'x', type: 'long' }];
  const dir = await taken('in.jsonl', lines(events), { fields, partitions: 2 });
  const choice = { where: "x % 2 = 0 AND k <> 'k0'", fromMs: 10_000, toMs: 20_000, ends: new Map() };
  const chosen = readFileSync(await written(dir, 'e', 'jsonl', choice), 'utf8');
  expect(
    sorted(
      chosen
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ),
  ).toEqual(sorted(events.filter(({ k, t, x }) => x % 2 === 0 && k !== 'k0' && t >= 10_000 && t < 20_000)));
  const derived = readFileSync(await written(dir, 'v', 'csv', { ...ALL, fromMs: 40_000 }), 'utf8');
  expect(derived.split('\n')).toHaveLength(1 + 10 + 1);
  expect(derived.startsWith('k,t,x,ts\n')).toBe(true);
});

test('lists, maps and records are lists, maps and structs of Parquet, and no cells of CSV', async () => {
  const address = {
    type: 'record',
    name: 'Address',
    fields: [
      { name: 'city', type: 'string' },
      { name: 'zip', type: ['null', 'int'] },
    ],
  };
  const fields = [
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'counts', type: { type: 'map', values: 'long' } },
    { name: 'home', type: address },
    { name: 'blob', type: 'bytes' },
  ];
  const events = [
    { k: 'a', t: 1, tags: ['x', 'y'], counts: { one: 1 }, home: { city: 'Bern', zip: 3000 }, blob: 'ab' },
    { k: 'b', t: 2, tags: [], counts: {}, home: { city: '', zip: null }, blob: '' },
  ];
  const dir = await taken('in.jsonl', lines(events), { fields });
  const path = await written(dir, 'e', 'parquet');
  expect(
    await duckdb(
      `SELECT k, tags, map_keys(counts) AS counts, home.city AS city, home.zip AS zip FROM '${path}' ORDER BY k`,
    ),
  ).toEqual([
    { k: 'a', tags: ['x', 'y'], counts: ['one'], city: 'Bern', zip: 3000 },
    { k: 'b', tags: [], counts: [], city: '', zip: null },
  ]);
  const again = await taken(path, null, { fields });
  expect(await eventsOf(again)).toEqual(sorted(events));
  await expect(written(dir, 'e', 'csv')).rejects.toThrow(
    "the field tags is a list, a map or a union, which a cell of CSV can't hold",
  );
});

test('a name says its form, or none', () => {
  const names = [
    'a.parquet',
    'a.csv',
    'a.csv.gz',
    'a.jsonl.gz',
    'a.avro',
    '-',
    'a.avro.gz',
    'a.parquet.gz',
    'a.txt',
    'parquet',
  ];
  expect(names.map(exportFormat)).toEqual(['parquet', 'csv', 'csv', 'jsonl', 'avro', 'jsonl', null, null, null, null]);
});
