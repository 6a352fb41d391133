/** A pipeline without one of its read models, and a read model that is behind while the journal is pruned. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../src/api/serve.ts';
import { loadConfig } from '../../src/config/load.ts';
import { holdsOf, pruneData } from '../../src/data-directory/retention.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const READING = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'device', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};

async function start(directory: string, more: string) {
  writeFileSync(join(directory, 'reading.avsc'), JSON.stringify(READING));
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(
    file,
    `http: { port: 0 }
streams:
  readings: { schema: ./reading.avsc, key: device, eventTime: at, source: http, watermark: { outOfOrderness: 0s } }
windows:
  counts: { stream: readings, window: { tumbling: 1s }, aggregate: { n: count() } }
${more}
`,
  );
  const config = { ...loadConfig(file, {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  const served = await serve(service);
  let isOver = false;
  const end = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await served.close();
    await service.stop();
  };
  onTestFinished(end);
  await service.ready;
  return {
    config,
    end,
    async send(...events: readonly object[]): Promise<void> {
      const headers = { 'content-type': 'application/x-ndjson' };
      const body = events.map((event) => JSON.stringify(event)).join('\n');
      const url = new URL('/api/v1/streams/readings/events', served.url);
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200);
      await service.settled();
      while (service.readModels.lag() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async get(path: string): Promise<{ status: number; body: unknown }> {
      const answer = await fetch(new URL(path, served.url));
      return { status: answer.status, body: await answer.json() };
    },
  };
}

const RESULTS = '/api/v1/windows?window=counts';
const ROWS = '/api/v1/streams/readings/rows';
const at = (time: number) => ({ device: 'a', at: time });

test('without DuckDB what is read from it answers 409 and says the line, all else goes on, and it can come back', async () => {
  const directory = temporaryDirectory();
  const without = await start(directory, 'stores: { duckdb: false }');
  await without.send(at(1), at(2), at(5000));
  const off = {
    error: 'store-is-off',
    message: expect.stringContaining('stores'),
    hint: 'Without that line the duckdb store is made again from the journal.',
  };
  const answers = await Promise.all([RESULTS, ROWS].map(without.get));
  const refused = answers.filter(({ status }) => status === 409);
  expect(refused.length).toBeGreaterThan(0);
  for (const { body } of refused) expect(body).toMatchObject(off);
  const tables = await without.get('/api/v1/tables');
  expect(JSON.stringify(tables.body)).toContain('"isOff":true');
  // Files that are there are looked through first.
  await expect.poll(async () => (await without.get('/readyz')).status, { timeout: 60_000 }).toBe(200);
  await without.end();
  const back = await start(directory, '');
  await back.send(at(6000));
  expect(await Promise.all([RESULTS, ROWS].map(async (path) => (await back.get(path)).status))).toEqual([200, 200]);
  expect((await back.get(ROWS)).body).toHaveLength(4);
});

test('without SQLite its tables answer 409, and what DuckDB has is there', async () => {
  const without = await start(temporaryDirectory(), 'stores: { sqlite: false }');
  await without.send(at(1), at(5000));
  const deadLetters = await without.get('/api/v1/dead-letters');
  expect(deadLetters).toMatchObject({ status: 409, body: { hint: expect.stringContaining('the sqlite store') } });
  expect((await without.get(ROWS)).body).toHaveLength(2);
});

test('a read model that is behind holds no more of the journal than stores.holdJournal and holdJournalSize say, and is named', async () => {
  const directory = temporaryDirectory();
  const { send, end, config } = await start(
    directory,
    'stores: { holdJournal: 1h, holdJournalSize: 150KB }\njournal: { segment: 64KB }',
  );
  const device = 'd'.repeat(2000);
  await send(...Array.from({ length: 100 }, (_, i) => ({ device, at: i })));
  await send(at(1000));
  await end();
  rmSync(join(config.dataDir, 'operations.sqlite'));
  const pruned = async (nowMs: number, stores: Partial<typeof config.stores>) => {
    const holds = holdsOf({ ...config, stores: { ...config.stores, ...stores } });
    const logs = await pruneData(config.dataDir, { ageMs: 0, maxBytes: null }, true, nowMs, holds);
    return logs.find(({ log }) => log === 'readings-0');
  };
  const held = { segments: [], heldBy: 'the read model sqlite' };
  const gone = { segments: [{ firstOffset: 0 }], heldBy: null };
  // 200 KB in a segment and the one behind it, which stays.
  expect(await pruned(Date.now() + 60_000, { holdJournalBytes: 1_000_000 })).toMatchObject(held);
  expect(await pruned(Date.now() + 60_000, {})).toMatchObject(gone);
  expect(await pruned(Date.now() + 2 * 3_600_000, { holdJournalBytes: 1_000_000 })).toMatchObject(gone);
});
