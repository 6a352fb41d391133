/** What is drafted from a file is a pipeline that takes every record of the file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { schemaCommand } from '../../src/commands/schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { StreamConfig } from '../../src/config/sections/streams.ts';
import { draftFile } from '../../src/infer/draft-file.ts';
import type { InputBlock } from '../../src/messages/origins.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { runInputs } from '../../src/run/run.ts';
import { createFileSource } from '../../src/sources/file/file.ts';
import { startBatchPool } from '../../src/workers/pool.ts';
import { recordingIntake } from '../sources/recording-intake.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-draft-'));
const pool = startBatchPool(1);
afterAll(async () => {
  await pool.close();
  rmSync(directory, { recursive: true, force: true });
});
let files = 0;

/** The stream that the command writes for a file, as the configuration has it. */
async function drafted(file: string): Promise<StreamConfig> {
  files += 1;
  const output = join(directory, String(files));
  expect(await schemaCommand.run({ output, name: 's' }, ['infer', file])).toBe(0);
  const [stream] = loadConfig(join(output, 's.yaml'), {}).streams;
  if (stream === undefined) throw new Error('no stream');
  return stream;
}

/** Reads the file as a run does: how many records, and why some are dead letters. */
async function read(file: string, { schema, key, format }: StreamConfig) {
  const intake = recordingIntake({ partitions: 1 });
  const source = createFileSource({ path: file, schema, keyField: key, format, readInput: pool.readInput });
  await source.run(intake, new AbortController().signal);
  const blocks: InputBlock[] = intake.batches.flat().flatMap((batch) => [...batch.blocks]);
  const letters = blocks.filter(({ fingerprint }) => fingerprint === deadLetterType.fingerprint);
  return {
    records: source.counts().records,
    details: letters.flatMap(({ bytes }) => deadLetterType.decodeBlock(bytes).map(({ detail }) => detail)),
  };
}

function write(name: string, content: string): string {
  files += 1;
  const path = join(directory, `${files}-${name}`);
  writeFileSync(path, content);
  return path;
}

describe('a file that people have', () => {
  test.each([
    ['test/fixtures/formats/nycflights13-weather.csv', 295, 'origin', 'time_hour'],
    ['test/fixtures/formats/seattle-weather.csv', 98, 'weather', 'date'],
    ['test/fixtures/handbook/transactions-2018-04-01.csv.gz', 4000, 'customer_id', 'occurred_at'],
  ])('%s is read whole by what is drafted from it', async (file, records, key, eventTime) => {
    const stream = await drafted(file);
    expect(stream).toMatchObject({ key, eventTime });
    expect(await read(file, stream)).toEqual({ records, details: [] });
  });

  test('is run as the command says', async () => {
    const file = 'test/fixtures/formats/nycflights13-weather.csv';
    const output = join(directory, 'run');
    await schemaCommand.run({ output }, ['infer', file]);
    const summary = await runInputs({
      config: loadConfig(join(output, 'nycflights13_weather.yaml'), {}),
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      inputs: [{ stream: 'nycflights13_weather', file }],
      temporary: true,
      flush: true,
      only: [],
      output: null,
      onProgress() {},
    });
    expect(summary).toMatchObject({ in: 295, committed: 295, deadLetters: 0 });
  });
});

describe('CSV', () => {
  test.each([
    [
      'a;when;x\nann;01.04.2018 10:00;1,5\nbob;13.04.2018 10:00;2,5\n',
      { key: 'a', eventTime: 'when' },
      { delimiter: ';', decimal: ',' },
    ],
    [
      'who,ts,n\nann,1522540831,1\nbob,1522540899,2\n',
      { key: 'who', eventTime: 'ts' },
      { times: { epoch: 'seconds' } },
    ],
    [
      'who,at,Temp (°C),zip\nann,2018-04-01,?,01234\nbob,2018-04-02,2.5,\n',
      { eventTime: 'at' },
      { nulls: ['?', ''], rename: { 'Temp (°C)': 'Temp_C' } },
    ],
    ['x,t\n1.5,2018-04-01T00:00:00\n', { key: 't', eventTime: 't' }, { times: { timeZone: 'UTC' } }],
    [
      'ann,2018-04-01T00:00:00Z,1\nbob,2018-04-02T00:00:00Z,2\n',
      { eventTime: 'column2' },
      { header: ['column1', 'column2', 'column3'] },
    ],
    [
      "k\tt\n'a\tb'\t2018-04-01 00:00:00+02\n'c'\t2018-04-01 00:00:00+02\n",
      { key: 'k' },
      { delimiter: '\t', quote: "'" },
    ],
  ])('of other forms is read whole: %j', async (content, roles, csv) => {
    const file = write('f.csv', content);
    const stream = await drafted(file);
    expect(stream).toMatchObject(roles);
    expect(stream.format.csv).toMatchObject(csv);
    expect((await read(file, stream)).details).toEqual([]);
  });

  test('of any cells is read whole, where a text and a time stand in each row', async () => {
    const cell = fc.constantFrom(
      '',
      'NA',
      '1',
      '-20',
      '3.5',
      '007',
      '1e3',
      'true',
      'x y',
      '2018-04-01',
      '2018-04-01 10:00:00',
      'null',
      '12345678901234567890',
    );
    const rows = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        const lines = table.map((cells, i) => [`k${i % 2}`, `2018-04-01T00:00:${10 + i}Z`, ...cells].join(','));
        const file = write('any.csv', `who,seen_at,a,b,c\n${lines.join('\n')}\n`);
        const stream = await drafted(file);
        expect(await read(file, stream)).toEqual({ records: table.length, details: [] });
      }),
      { numRuns: 8 },
    );
  });

  test.each([
    ['a,b\nx,y\n', 'no column is a time'],
    ['a,a,t\nx,y,2018-04-01T00:00:00Z\n', 'two columns are called "a"'],
  ])('that can be no stream says why: %j', async (content, words) => {
    await expect(draftFile(write('no.csv', content), 's')).rejects.toThrow(words);
  });
});

test('JSON lines are read whole, with what is within them', async () => {
  const event = fc.record(
    {
      user: fc.constantFrom('ann', 'bob'),
      at: fc.constantFrom('2018-04-01T00:00:00Z', '2018-04-01T00:00:00.5+02:00'),
      n: fc.oneof(fc.integer(), fc.constant(null)),
      x: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()),
      mixed: fc.oneof(fc.string(), fc.integer(), fc.boolean()),
      day: fc.constant('2018-04-01'),
      list: fc.array(fc.oneof(fc.integer(), fc.constant(null))),
      place: fc.record({ lat: fc.integer(), name: fc.string() }, { requiredKeys: ['lat'] }),
      tags: fc.dictionary(fc.constantFrom('a b', 'c-d', 'e'), fc.oneof(fc.integer(), fc.constant('1'))),
    },
    { requiredKeys: ['user', 'at'] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), async (events) => {
      const file = write('any.jsonl', events.map((each) => `${JSON.stringify(each)}\n`).join(''));
      const stream = await drafted(file);
      expect(stream).toMatchObject({ key: 'user', eventTime: 'at' });
      expect(await read(file, stream)).toEqual({ records: events.length, details: [] });
    }),
    { numRuns: 8 },
  );
});

test('records within records have names of their own', async () => {
  const file = write('names.jsonl', '{"user":"ann","at":"2018-04-01T00:00:00Z","s":{"a":{"b":1}},"s_a":{"b":2}}\n');
  const { schema } = await drafted(file);
  expect(JSON.stringify(schema).match(/"name":"S\w*"/g)).toEqual([
    '"name":"S"',
    '"name":"S_2"',
    '"name":"SA"',
    '"name":"SA_2"',
  ]);
});

test('Parquet is read whole', async () => {
  const file = join(directory, 'all.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT 'k' || i % 3 AS k, TIMESTAMP '2018-04-01' + INTERVAL (i) SECOND AS at, i::TINYINT AS small,
    i AS big, i::UBIGINT AS huge, i / 2 AS x, (i / 4)::DECIMAL(9, 2) AS amount, DATE '2018-04-01' AS day, TIME '10:00' AS hour,
    uuid() AS u, CASE WHEN i % 2 = 0 THEN 'even' END AS word, i % 2 = 0 AS flag, 'ab'::BLOB AS bytes
    FROM range(100) t(i)) TO '${file}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  const stream = await drafted(file);
  expect(stream).toMatchObject({ key: 'k', eventTime: 'at' });
  expect(await read(file, stream)).toEqual({ records: 100, details: [] });
});
