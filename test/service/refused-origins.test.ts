/**
 * What the dead letter of an event says that its partition refused: where it stood in the input, and its own bytes. Both
 * follow from the input alone, on any number of partitions and threads.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';
import { createView } from '../../src/api/view.ts';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readFrames } from '../../src/journal/frame-reader.ts';
import { inspectJournal } from '../../src/journal/inspect.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { decodeCommit } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { RAW_BYTES_MAX } from '../../src/messages/streams.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { runInputs } from '../../src/run/run.ts';
import { startService } from '../../src/service.ts';
import { containerFile } from '../sources/container.ts';
import { temporaryDirectory } from './script-run.ts';

const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: 'double' },
  ],
} as const;
const LOG = { debug() {}, info() {}, warn() {}, error() {} };
/** In the year 2200. */
const FAR_AHEAD = 7.3e12;
const LONG_KEY = 'long'.repeat(RAW_BYTES_MAX / 2);

const rows = Array.from({ length: 6000 }, (_, i) => ({
  k: i === 4500 ? LONG_KEY : `key ${i % 17}`,
  t: i % 1000 === 999 ? FAR_AHEAD : i,
  x: i % 500 === 250 || i === 4500 ? -1 : 5,
}));
/** By index of the row. */
const refused = rows.flatMap(({ t, x }, i): (readonly [number, string])[] =>
  t === FAR_AHEAD ? [[i, 'too-far-ahead']] : x < 0 ? [[i, 'expectation-failed']] : [],
);

interface Found {
  readonly position: number;
  readonly reason: string;
  readonly source: string;
  readonly raw: Buffer;
  readonly rawLength: number;
}

function deadLettersIn(dataDir: string): Found[] {
  const registry = createRegistry(BUILTIN_TYPES);
  const journal = join(dataDir, 'journal');
  const letters = inspectJournal(journal)
    .filter(({ log }) => log.startsWith('e-'))
    .flatMap(({ log, nextOffset }) =>
      [...readFrames(journal, log, { fromOffset: 0, toOffset: nextOffset })].flatMap(({ body }) =>
        decodeCommit(body).sections.flatMap(({ fingerprint, bytes }) =>
          registry.nameOf(fingerprint) === deadLetterType.name ? deadLetterType.decodeBlock(bytes) : [],
        ),
      ),
    );
  return letters.sort((a, b) => a.position - b.position);
}

interface Setup {
  readonly partitions: number;
  readonly threads: number;
  readonly source?: string;
}

function configOf(directory: string, { partitions, threads, source }: Setup) {
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(SCHEMA));
  const file = join(directory, 'p.yaml');
  const from = source === undefined ? '' : `, source: ${source}`;
  writeFileSync(
    file,
    `streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: ${partitions}, watermark: { outOfOrderness: 0s, maxAhead: 10d }, expect: [{ column: x, between: [0, 10] }]${from} }
`,
  );
  const loaded = loadConfig(file, {});
  return { ...loaded, dataDir: join(directory, 'data'), runtime: { ...loaded.runtime, threads } };
}

async function runFile(name: string, content: Buffer | string, setup: Setup): Promise<readonly [string, Found[]]> {
  const directory = temporaryDirectory();
  const input = join(directory, name);
  writeFileSync(input, content);
  const config = configOf(directory, setup);
  const inputs = [{ stream: 'e', file: input }];
  await runInputs({
    config,
    logger: LOG,
    inputs,
    temporary: false,
    flush: true,
    only: [],
    output: null,
    onProgress() {},
  });
  return [`file:${input}`, deadLettersIn(config.dataDir)];
}

const type = dynamicEventType(SCHEMA);
const json = rows.map((row) => JSON.stringify(row));
const csv = rows.map(({ k, t, x }) => `${k},${t},${x}`);
const datums = rows.map((row) => type.encode(row));

async function parquet(): Promise<Buffer> {
  const path = join(temporaryDirectory(), 'e.parquet');
  const lines = join(temporaryDirectory(), 'e.jsonl');
  writeFileSync(lines, json.join('\n'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT k, t, x FROM read_json('${lines}', columns = {k: 'VARCHAR', t: 'BIGINT', x: 'DOUBLE'})) TO '${path}' (FORMAT parquet)`,
  );
  instance.closeSync();
  return readFileSync(path);
}

/** The control does nothing, but lines with one are run as a script. */
const SCRIPTED = `{"$advanceClock":"0s"}\n`;

const FORMATS: readonly (readonly [string, () => Promise<Buffer | string>, number, (row: number) => Uint8Array])[] = [
  ['e.jsonl', async () => json.join('\n'), 1, (row) => Buffer.from(json[row]!)],
  ['e.jsonl.gz', async () => gzipSync(json.join('\r\n')), 1, (row) => Buffer.from(json[row]!)],
  ['script.jsonl', async () => SCRIPTED + json.join('\n'), 2, (row) => Buffer.from(json[row]!)],
  ['e.csv', async () => `k,t,x\n${csv.join('\n')}`, 2, (row) => Buffer.from(csv[row]!)],
  [
    'e.avro',
    async () => containerFile(type, [rows.slice(0, 2500), rows.slice(2500)], 'deflate'),
    1,
    (row) => datums[row]!,
  ],
];

describe.each([
  { partitions: 1, threads: 0 },
  { partitions: 3, threads: 2 },
])('on $partitions partitions in $threads threads', (setup) => {
  test.each(FORMATS)('a row of %s has its own position and bytes', async (name, content, first, original) => {
    const [source, letters] = await runFile(name, await content(), setup);
    expect(letters).toEqual(
      refused.map(([row, reason]) => ({
        stream: 'e',
        source,
        position: row + first,
        reason,
        detail: expect.any(String),
        raw: Buffer.from(original(row)).subarray(0, RAW_BYTES_MAX),
        rawLength: original(row).length,
        format: /avro|csv/.exec(name)?.[0] ?? 'json',
        context: name === 'e.csv' ? 'k,t,x' : expect.any(String),
      })),
    );
  });

  test('a row of a Parquet file is its JSON, at its number', async () => {
    const [, letters] = await runFile('e.parquet', await parquet(), setup);
    expect(letters.map(({ position, reason }) => [position - 1, reason])).toEqual(refused);
    const [first] = letters;
    expect(JSON.parse(String(first?.raw))).toEqual(rows[250]);
  });

  test('an event of a request has its line', async () => {
    const directory = temporaryDirectory();
    const config = configOf(directory, { ...setup, source: 'http' });
    const service = await startService({ config, logger: LOG, version: '', attach: () => [] });
    const view = createView(service);
    // Empty lines and lines that can't be read are counted as well.
    const bytes = Buffer.from(['', 'not json', ...json].join('\n'));
    expect(await view.ingest('e', { format: 'json-lines', encoding: 'identity', bytes })).toMatchObject({
      kind: 'committed',
    });
    const avro = containerFile(type, [rows.slice(0, 1000)], 'null');
    expect(await view.ingest('e', { format: 'avro-container', encoding: 'identity', bytes: avro })).toMatchObject({
      kind: 'committed',
    });
    await view.close();
    await service.stop();
    const letters = deadLettersIn(config.dataDir);
    const lines = letters.filter(({ raw, reason }) => reason === 'not-json' || raw[0] === 0x7b);
    expect(lines.map(({ position, reason, source }) => [position, reason, source])).toEqual([
      [2, 'not-json', 'http'],
      ...refused.map(([row, reason]) => [row + 3, reason, 'http']),
    ]);
    expect(lines.slice(1).map(({ raw }) => String(raw))).toEqual(
      refused.map(([row]) => json[row]!.slice(0, RAW_BYTES_MAX)),
    );
    const records = letters.filter((letter) => !lines.includes(letter));
    const wanted = refused.filter(([row]) => row < 1000);
    expect(records.map(({ position, raw }) => [position - 1, raw])).toEqual(wanted.map(([row]) => [row, datums[row]]));
  });
});
