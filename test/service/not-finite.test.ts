/** Numbers that are not finite are null, in whatever format they come, and wherever they are read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { csvLines } from '../../src/http/csv.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { containerFile } from '../sources/container.ts';
import { eventSchema, runFile } from './format-run.ts';
import { temporaryDirectory } from './script-run.ts';

const FIELDS = [
  { name: 'must', type: 'double' },
  { name: 'may', type: ['null', 'double'], default: null },
  { name: 'f', type: 'float' },
];
const VALUES = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2];
const WORDS = ['1', 'NaN', 'Infinity', '-Infinity', '2'];

const json = WORDS.map((word, t) => {
  const number = /^\d/.test(word) ? word : `"${word}"`;
  return `{"k":"a","t":${t},"must":${number},"may":${number},"f":${number}}`;
}).join('\n');
const csv = ['k,t,must,may,f', ...WORDS.map((word, t) => `a,${t},${word},${word},${word}`)].join('\n');
const beyond = json.replaceAll('"NaN"', '1e999').replaceAll('"Infinity"', '1e999').replaceAll('"-Infinity"', '-1e999');

function avro(): Buffer {
  const events = VALUES.map((value, t) => ({ k: 'a', t, must: value, may: value, f: value }));
  return containerFile(dynamicEventType(eventSchema(FIELDS)), [events], 'null');
}

async function parquet(): Promise<Buffer> {
  const path = join(temporaryDirectory(), 'written.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = WORDS.map((word, t) => `('a', ${t}::BIGINT, '${word}'::DOUBLE, '${word}'::DOUBLE, '${word}'::FLOAT)`);
  await connection.run(
    `COPY (SELECT * FROM (VALUES ${rows.join(', ')}) v(k, t, must, may, f)) TO '${path}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  return readFileSync(path);
}

test.each<[string, () => string | Buffer | Promise<Buffer>]>([
  ['in.jsonl', () => json],
  ['in.jsonl', () => beyond],
  ['in.csv', () => csv],
  ['in.avro', avro],
  ['in.parquet', parquet],
])('%s', async (name, content) => {
  const windows = `w: { stream: e, key: k, window: { tumbling: 1s }, aggregate: {
    s: sum(must), a: avg(may), lo: min(f), hi: max(must), d: distinct(may), c: collect(must), l: last(f) } }`;
  const list = { name: 'list', type: { type: 'array', items: ['null', 'double'] }, default: [] };
  const select = { isNull: 'must is null', more: 'must > 0', less: 'not (f > 0)', next: 'must + 1' };
  // As columns and as objects: the fields of a stream with a list are read in the general way.
  for (const fields of [FIELDS, [...FIELDS, list]]) {
    const { events, results, deadLetters } = await runFile(name, await content(), { fields, select, windows });
    isNullEverywhere(events, results, deadLetters);
  }
});

type Lines = Awaited<ReturnType<typeof runFile>>['events'];

function isNullEverywhere(events: Lines, results: Lines, deadLetters: Lines): void {
  expect(deadLetters).toEqual([]);
  const ofNull = { must: null, may: null, f: null, isNull: true, more: null, less: null, next: null };
  expect(events).toEqual([
    { k: 'a', t: 0, must: 1, may: 1, f: 1, isNull: false, more: true, less: false, next: 2 },
    { k: 'a', t: 1, ...ofNull },
    { k: 'a', t: 2, ...ofNull },
    { k: 'a', t: 3, ...ofNull },
    { k: 'a', t: 4, must: 2, may: 2, f: 2, isNull: false, more: true, less: false, next: 3 },
  ]);
  expect(results).toMatchObject([{ s: 3, a: 1.5, lo: 1, hi: 2, d: 2, c: [1, 2], l: 2 }]);
}

test('a row of a CSV answer has nothing where a number is not finite', () => {
  expect(csvLines(['a', 'b', 'c'], [{ a: 1, b: Number.NaN, c: Number.POSITIVE_INFINITY }])).toBe('1,,\r\n');
});
