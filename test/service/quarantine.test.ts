/**
 * Batches that fail whenever they are applied. A real service is given a deriver that throws on some events, as a fault in
 * the code would; what has to come of it is counted from the input.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createView, type ServedView } from '../../src/api/view.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Commit } from '../../src/messages/commit.ts';
import { rowsOf } from '../../src/messages/slice-block.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

/** Rows whose number is in it fail to be aggregated. */
const poison = vi.hoisted(() => new Set<number>());
vi.mock('../../src/partition/drive.ts', async (original) => {
  const actual = await original<typeof import('../../src/partition/drive.ts')>();
  return {
    ...actual,
    drive(...[operator, steps]: Parameters<typeof actual.drive>) {
      for (const step of operator.kind === 'window' ? steps : []) {
        if (step.kind !== 'events' || step.columns.column('n') === undefined) continue;
        const found = step.columns.numbers('n').find((n) => poison.has(n));
        if (found !== undefined) throw new Error(`${found} can't be counted`);
      }
      actual.drive(operator, steps);
    },
  };
});

const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'n', type: 'long' },
  ],
};

interface Running {
  readonly view: ServedView;
  readonly service: Service;
  readonly errors: string[];
  send(stream: string, from: number, to: number, key?: string): ReturnType<ServedView['ingest']>;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  crash(): Promise<void>;
}

async function start(windows: string): Promise<Running> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(SCHEMA));
  const file = join(directory, 'p.yaml');
  writeFileSync(
    file,
    `supervision: { minBackoff: 1ms, intensity: 1 }
streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: 2 }
  other: { schema: ./e.avsc, key: k, eventTime: t }
windows:
${windows}
`,
  );
  const loaded = loadConfig(file, {});
  const config = {
    ...loaded,
    dataDir: join(directory, 'data'),
    journal: { ...loaded.journal, durability: 'os' as const },
  };
  const errors: string[] = [];
  const say = (...words: unknown[]): void => void errors.push(words.map((word) => JSON.stringify(word)).join(' '));
  const logger = { debug() {}, info() {}, warn() {}, error: say };
  const open = async () => {
    const service = await startService({ config, logger, version: '', attach: () => [], goesOnHalted: true });
    return { service, view: createView(service) };
  };
  let current = await open();
  const end = async (): Promise<void> => {
    await current.view.close();
    await current.service.kill();
    await current.view.end();
  };
  onTestFinished(async () => {
    poison.clear();
    await end();
  });
  return {
    get view() {
      return current.view;
    },
    get service() {
      return current.service;
    },
    errors,
    send(stream, from, to, key) {
      const lines = Array.from({ length: to - from }, (_, i) => lineOf(from + i));
      const bytes = Buffer.from(lines.join('\n'));
      return current.view.ingest(stream, { format: 'json-lines', encoding: 'identity', bytes }, key);
    },
    async query(sql) {
      const { service } = current;
      await service.settled();
      while (service.readModels.lag() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return service.readModels.stores.of('sqlite').read({ kind: 'query', sql });
    },
    async crash() {
      await end();
      current = await open();
      await current.service.ready;
    },
  };
}

const lineOf = (n: number): string => JSON.stringify({ k: `key ${n % 7}`, t: 1000 + n, n });
const COUNTED = '  w: { stream: e, window: { tumbling: 1h }, aggregate: { n: count() } }';

test('what fails is a dead letter with its line, all else is taken, and other streams go on', async () => {
  const running = await start(COUNTED);
  await running.service.ready;
  for (const n of [3, 4, 500, 999]) poison.add(n);
  const [answer] = await Promise.all([running.send('e', 0, 1000, 'a'), running.send('other', 2000, 2010)]);
  expect(answer).toMatchObject({ kind: 'committed', accepted: 1000 });
  expect(await running.send('e', 1000, 1100)).toMatchObject({ kind: 'committed' });
  const letters = await running.query(`SELECT position, reason, detail, raw FROM dead_letters ORDER BY position`);
  expect(letters.map(({ position, reason, detail, raw }) => [position, reason, detail, String(raw)])).toEqual(
    [3, 4, 500, 999].map((n) => [n + 1, 'quarantined', `${n} can't be counted`, lineOf(n)]),
  );
  expect(running.errors.join('\n')).toContain('quarantine');
  await expect.poll(() => running.view.readiness(), { timeout: 30_000 }).toEqual({ ready: true, reasons: [] });
  const tables = running.service.readModels.stores;
  const rows = await tables
    .of('duckdb')
    .read({ kind: 'query', sql: 'SELECT count(*) AS n, count(DISTINCT n) AS d FROM e' });
  expect(rows.map(({ n, d }) => [Number(n), Number(d)])).toEqual([[1096, 1096]]);
  // The fault is not in the log: it can be replayed.
  await running.crash();
  expect(await running.send('e', 0, 1000, 'a')).toMatchObject({ accepted: 1000, repeated: true });
});

test('whichever events fail, each of a request is taken or in quarantine', async () => {
  const running = await start(COUNTED);
  await running.service.ready;
  let from = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.nat({ max: 59 }), { maxLength: 30 }),
      async (size, failing) => {
        const first = from;
        from += size;
        const wanted = new Set(failing.filter((n) => n < size).map((n) => first + n));
        for (const n of wanted) poison.add(n);
        expect(await running.send('e', first, first + size)).toMatchObject({ kind: 'committed' });
        const letters = await running.query(`SELECT raw FROM dead_letters WHERE reason = 'quarantined'`);
        const found = letters.map(({ raw }) => Number(JSON.parse(String(raw)).n)).filter((n) => n >= first);
        expect(found.sort((a, b) => a - b)).toEqual([...wanted].sort((a, b) => a - b));
      },
    ),
    { numRuns: 8 },
  );
});

test('what fails in a partition that reads others is in quarantine there, and its windows go on', async () => {
  // With early results it takes event by event.
  const all = 'all: { stream: e, key: null, window: { tumbling: 1h }, early: 1h, aggregate: { n: count() } }';
  const running = await start(`  ${all}`);
  await running.service.ready;
  for (const n of [5, 600]) poison.add(n);
  expect(await running.send('e', 0, 1000)).toMatchObject({ kind: 'committed', accepted: 1000 });
  // Later than the window.
  const late = Array.from({ length: 20 }, (_, i) => JSON.stringify({ k: `key ${i}`, t: 7_200_000, n: 5000 + i }));
  const bytes = Buffer.from(late.join('\n'));
  await running.view.ingest('e', { format: 'json-lines', encoding: 'identity', bytes });
  const letters = await running.query(`SELECT source, reason, raw FROM dead_letters`);
  const found = letters.map(({ source, reason, raw }) => [source, reason, JSON.parse(String(raw)).n]);
  expect(found.sort((a, b) => a[2] - b[2])).toEqual([
    [expect.stringMatching(/^e-[01]$/), 'quarantined', 5],
    [expect.stringMatching(/^e-[01]$/), 'quarantined', 600],
  ]);
  const sql = 'SELECT * FROM windows';
  const windows = await running.service.readModels.stores.of('duckdb').read({ kind: 'query', sql });
  const json = JSON.stringify(windows, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
  expect(json).toMatch(/\b998\b/);
});

test('a log that can not be replayed halts its partition, says where, and the others go on', async () => {
  const running = await start(COUNTED);
  await running.service.ready;
  await running.send('e', 0, 20);
  poison.add(7);
  await running.crash();
  const { ready, reasons } = running.view.readiness();
  expect(ready).toBe(false);
  const reason = reasons.find((one) => one.startsWith('e-'));
  expect(reason).toMatch(
    /^e-\d is halted: the commit of http at offset 0 of e-\d can't be applied again: 7 can't be counted/,
  );
  expect(running.errors.join('\n')).toContain('is halted');
  expect(await running.send('other', 100, 110)).toMatchObject({ kind: 'committed', accepted: 10 });
  expect(await running.send('e', 20, 40)).toMatchObject({ kind: 'stalled' });
  expect(await running.send('e', 20, 40, 'key')).toMatchObject({ kind: 'stalled' });
  poison.clear();
  await running.crash();
  await expect.poll(() => running.view.readiness(), { timeout: 30_000 }).toEqual({ ready: true, reasons: [] });
  expect(await running.send('e', 20, 40)).toMatchObject({ kind: 'committed' });
});

test('a request that is larger than a commit should be is several, and each of its events is in once', async () => {
  const running = await start(COUNTED);
  await running.service.ready;
  expect(await running.send('other', 0, 50_000)).toMatchObject({ kind: 'committed', accepted: 50_000 });
  const [unit] = running.service.pipeline.streams.get('other')?.units ?? [];
  const { reader } = running.service.pipeline;
  const range = { fromOffset: 0, toOffset: unit?.log.durableOffset() ?? 0 };
  const commits: Commit[] = [];
  for await (const { commit } of reader.commits('other-0', range)) commits.push(commit);
  expect(commits.length).toBeGreaterThanOrEqual(4);
  for (const { sections } of commits) expect(rowsOf(sections)).toBeLessThanOrEqual(16_384);
  expect(rowsOf(commits.flatMap(({ sections }) => sections))).toBe(50_000);
});
