/** Files that are packed with Zstandard, and JSON that is an array. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { createFileSource } from '../../src/sources/file/file.ts';
import { startBatchPool } from '../../src/workers/pool.ts';
import { recordingIntake } from './recording-intake.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-formats-'));
const pool = startBatchPool(1);
afterAll(async () => {
  await pool.close();
  rmSync(directory, { recursive: true, force: true });
});

const schema: AvroRecord = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};
const type = dynamicEventType(schema);

async function read(path: string) {
  const intake = recordingIntake({ partitions: 1 });
  const source = createFileSource({ path, schema, keyField: 'k', format: STANDARD_FORMAT, readInput: pool.readInput });
  await source.run(intake, new AbortController().signal);
  const blocks = intake.batches.flat().flatMap((batch) => [...batch.blocks]);
  const of = (fingerprint: string) => blocks.filter((block) => block.fingerprint === fingerprint);
  return {
    events: of(type.fingerprint).flatMap(({ bytes }) => type.decodeBlock(bytes)),
    letters: of(deadLetterType.fingerprint).flatMap(({ bytes }) => deadLetterType.decodeBlock(bytes)),
  };
}

function write(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test('CSV and JSON lines that DuckDB packed with Zstandard are what was written', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = "SELECT 'k' || i AS k, i::BIGINT AS t FROM range(20000) r(i)";
  const [csv, json] = [join(directory, 'a.csv.zst'), join(directory, 'a.jsonl.zst')];
  await connection.run(`COPY (${rows}) TO '${csv}' (FORMAT csv, HEADER, COMPRESSION zstd)`);
  await connection.run(`COPY (${rows}) TO '${json}' (FORMAT json, COMPRESSION zstd)`);
  connection.closeSync();
  instance.closeSync();
  const expected = Array.from({ length: 20_000 }, (_, i) => ({ k: `k${i}`, t: i }));
  expect((await read(csv)).events).toEqual(expected);
  expect((await read(json)).events).toEqual(expected);
});

test('the items of an array are events or dead letters, by their number', async () => {
  const path = write('a.json', '[\n {"k":"a","t":1},\n {"k":"b"}, {"k":"c,]","t":3}\n]\n');
  const { events, letters } = await read(path);
  expect(events).toEqual([
    { k: 'a', t: 1 },
    { k: 'c,]', t: 3 },
  ]);
  expect(letters).toMatchObject([{ position: 2, reason: 'missing-field', raw: Buffer.from('{"k":"b"}') }]);
});

test('a .json file that is no array has lines', async () => {
  expect((await read(write('lines.json', '{"k":"a","t":1}\n{"k":"b","t":2}\n'))).events).toHaveLength(2);
});

test.each([
  ['cut.json', '[{"k":"a","t":1},', 'it is cut off behind 1 whole events'],
  ['two.json', '[{"k":"a","t":1}] 5', 'something follows the array'],
  ['bad.csv.zst', 'k,t\na,1\n', 'Zstandard'],
])('%s is refused in words', async (name, content, words) => {
  await expect(read(write(name, content))).rejects.toThrow(words);
});
