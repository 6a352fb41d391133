/**
 * Requests with an Idempotency-Key, sent again after any end of the service: each of their events is in the table once,
 * counted by SQL.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createView, type ServedView } from '../../src/api/view.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'n', type: 'long' },
  ],
};

interface Setup {
  readonly partitions: number;
  readonly threads: number;
  /** Under `http`. */
  readonly http?: string;
}

interface Running {
  readonly view: ServedView;
  readonly service: Service;
  send(key: string | null, lines: readonly string[]): ReturnType<ServedView['ingest']>;
  /** Ends without an orderly stop, and starts again from what is on the disk. */
  crash(): Promise<void>;
  /** How often each number is in the table. */
  counts(): Promise<Map<number, number>>;
}

async function start({ partitions, threads, http = '' }: Setup): Promise<Running> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(SCHEMA));
  const file = join(directory, 'p.yaml');
  writeFileSync(
    file,
    `${http}
stores: { sqlite: false }
streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: ${partitions} }
windows:
  w: { stream: e, window: { tumbling: 1h }, aggregate: { n: count() } }
  all: { stream: e, key: null, window: { tumbling: 1h }, aggregate: { n: count() } }
`,
  );
  const loaded = loadConfig(file, {});
  const journal = { ...loaded.journal, durability: 'os' as const };
  const config = { ...loaded, dataDir: join(directory, 'data'), journal, runtime: { ...loaded.runtime, threads } };
  const open = async () => {
    const service = await startService({ config, logger: LOG, version: '', attach: () => [] });
    return { service, view: createView(service) };
  };
  let current = await open();
  const end = async (): Promise<void> => {
    await current.view.close();
    await current.service.kill();
    await current.view.end();
  };
  onTestFinished(end);
  return {
    get service() {
      return current.service;
    },
    get view() {
      return current.view;
    },
    send: (key, lines) =>
      current.view.ingest(
        'e',
        { format: 'json-lines', encoding: 'identity', bytes: Buffer.from(lines.join('\n')) },
        key,
      ),
    async crash() {
      await end();
      current = await open();
      await current.service.ready;
    },
    async counts() {
      const { service } = current;
      await service.settled();
      while (service.readModels.lag() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const sql = 'SELECT n, count(*) AS times FROM e GROUP BY n';
      const rows = await service.readModels.stores.of('duckdb').read({ kind: 'query', sql });
      return new Map(rows.map(({ n, times }) => [Number(n), Number(times)]));
    },
  };
}

const linesOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => JSON.stringify({ k: `key ${(from + i) % 29}`, t: 1000, n: from + i }));
const onceEach = (from: number, to: number): Map<number, number> =>
  new Map(Array.from({ length: to - from }, (_, i) => [from + i, 1]));

describe.each([
  { partitions: 1, threads: 0 },
  { partitions: 3, threads: 0 },
  { partitions: 3, threads: 2 },
])('on $partitions partitions in $threads threads', (setup) => {
  test('a repeated request is taken once and answered as the first was, before and after a crash', async () => {
    const running = await start(setup);
    const lines = [...linesOf(0, 100), 'not json'];
    const first = await running.send('a', lines);
    expect(first).toMatchObject({ kind: 'committed', accepted: 100, deadLetters: 1 });
    expect(first).not.toHaveProperty('repeated');
    expect(await running.send('a', lines)).toEqual({ ...first, repeated: true });
    await running.crash();
    expect(await running.send('a', lines)).toEqual({ ...first, repeated: true });
    await Promise.all(running.service.pipeline.units.map((unit) => unit.saveSnapshot()));
    await running.crash();
    expect(await running.send('a', lines)).toEqual({ ...first, repeated: true });
    expect(await running.counts()).toEqual(onceEach(0, 100));
  });

  test('requests that come at once with one key are one', async () => {
    const running = await start(setup);
    const answers = await Promise.all([1, 2, 3, 4].map(() => running.send('a', linesOf(0, 50))));
    expect(answers.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed', 'committed']);
    const other = await Promise.all([running.send('b', linesOf(50, 60)), running.send('b', linesOf(50, 61))]);
    expect(other.map(({ kind }) => kind).sort()).toEqual(['committed', 'key-reused']);
    const counts = await running.counts();
    for (let n = 0; n < 60; n++) expect(counts.get(n)).toBe(1);
  });

  test('a key with another body is refused, in whichever partition that would be', async () => {
    const running = await start(setup);
    expect(await running.send('a', linesOf(0, 1))).toMatchObject({ kind: 'committed' });
    await running.crash();
    for (let n = 1; n < 10; n++) expect(await running.send('a', linesOf(n, n + 1))).toEqual({ kind: 'key-reused' });
    expect(await running.counts()).toEqual(onceEach(0, 1));
  });

  test('without a key a repeated request is another', async () => {
    const running = await start(setup);
    await running.send(null, linesOf(0, 10));
    await running.send(null, linesOf(0, 10));
    expect([...(await running.counts()).values()]).toEqual(new Array(10).fill(2));
  });

  test('a request that a crash cut anywhere is completed by its repetition', async () => {
    const running = await start(setup);
    const size = 500;
    for (let attempt = 0; attempt < 8; attempt++) {
      const lines = linesOf(attempt * size, (attempt + 1) * size);
      running.send(`request ${attempt}`, lines).catch(() => {});
      // Until some of it is in.
      const before = inLogs(running.service);
      while (inLogs(running.service) === before) await new Promise((resolve) => setImmediate(resolve));
      for (let turn = 0; turn < attempt * 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      await running.crash();
      expect(await running.send(`request ${attempt}`, lines)).toMatchObject({ accepted: size, repeated: true });
    }
    expect(await running.counts()).toEqual(onceEach(0, 8 * size));
  });
});

function inLogs({ pipeline }: Service): number {
  return (pipeline.streams.get('e')?.units ?? []).reduce((sum, { log }) => sum + log.durableOffset(), 0);
}

test('a key is forgotten by number, in all partitions at once, and then is a new one', async () => {
  const running = await start({ partitions: 2, threads: 0, http: 'http: { idempotency: { keys: 3 } }' });
  await running.send('a', linesOf(0, 20));
  // One partition forgets it and the other has nothing to forget it for.
  for (let i = 0; i < 3; i++) await running.send(`other ${i}`, [JSON.stringify({ k: 'key 0', t: 1000, n: 100 + i })]);
  expect(await running.send('a', linesOf(0, 20))).not.toHaveProperty('repeated');
  const counts = await running.counts();
  for (let n = 0; n < 20; n++) expect(counts.get(n)).toBe(2);
});

test('DELETE of a key is taken once', async () => {
  const running = await start({ partitions: 2, threads: 0 });
  await running.send(null, linesOf(0, 10));
  const before = await running.view.remove('e', 'key 1', 2000, 'd');
  expect(before).toMatchObject({ kind: 'committed' });
  const offsets = inLogs(running.service);
  expect(await running.view.remove('e', 'key 1', 2000, 'd')).toMatchObject({ kind: 'committed', repeated: true });
  expect(await running.view.remove('e', 'key 2', 2000, 'd')).toEqual({ kind: 'key-reused' });
  expect(inLogs(running.service)).toBe(offsets);
});
