/** What a pipeline of any domain derives, over HTTP from the whole service; and its numbers after a restart. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Served, serve } from '../../src/api/serve.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Overview } from '../../src/http/view.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const READING = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'device', type: 'string' },
    { name: 'room', type: ['null', 'int'], default: null },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'value', type: 'double' },
  ],
};
const PIPELINE = `
http: { host: 127.0.0.1, port: 0 }
streams:
  readings: { schema: ./reading.avsc, key: device, eventTime: at, partitions: 2, watermark: { outOfOrderness: 0s } }
  notes: { schema: ./reading.avsc, key: device, eventTime: at, watermark: { outOfOrderness: 0s } }
windows:
  per_device: { stream: readings, window: { tumbling: 10s }, allowedLateness: 1h, aggregate: { n: count(), top: max(value) } }
  per_room: { stream: readings, key: room, window: { tumbling: 10s }, aggregate: { n: count() } }
  everything: { stream: readings, key: null, window: { tumbling: 10s }, aggregate: { n: count() } }
  visits: { stream: readings, window: { session: 5s }, allowedLateness: 1h, aggregate: { n: count() } }
joins:
  noted: { left: readings, right: notes, within: 1s }
`;
const ODD = `=a,"b"\n'ü`;

function writePipelineFile(directory: string): string {
  writeFileSync(join(directory, 'reading.avsc'), JSON.stringify(READING));
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(file, PIPELINE);
  return file;
}

interface Running {
  readonly service: Service;
  readonly served: Served;
  get(path: string): Promise<Response>;
  rows(path: string): Promise<Record<string, unknown>[]>;
  send(stream: string, ...events: object[]): Promise<void>;
  caughtUp(): Promise<void>;
  end(): Promise<void>;
}

async function start(directory: string, file: string): Promise<Running> {
  const config = { ...loadConfig(file, {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  const served = await serve(service);
  let ended = false;
  const end = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await served.close();
    await service.stop();
  };
  onTestFinished(end);
  const get = (path: string): Promise<Response> => fetch(new URL(path, served.url));
  return {
    service,
    served,
    get,
    end,
    async rows(path) {
      const answer = await get(path);
      expect([path, answer.status]).toEqual([path, 200]);
      return JSON.parse(await answer.text());
    },
    async send(stream, ...events) {
      const answer = await fetch(new URL(`/api/v1/streams/${stream}/events`, served.url), {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: events.map((event) => JSON.stringify(event)).join('\n'),
      });
      expect(answer.status).toBe(200);
    },
    async caughtUp() {
      await service.settled();
      while (service.readModels.lag() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

const reading = (device: string, at: number, room: number | null = null, value = 1) => ({ device, room, at, value });
/** Ends every window before it on both partitions, whichever of these keys goes to which. */
const END_MS = 100_000;
const ends = Array.from({ length: 12 }, (_, i) => reading(`end-${i}`, END_MS, -1));

async function sendAll({ send, caughtUp }: Running): Promise<void> {
  await send('readings', reading('a', 1000, 7), reading('b', 2000, 12), reading(ODD, 3000), reading('a', 12_000, 7, 5));
  await send('notes', reading('a', 1500), reading('a', 90_000));
  await caughtUp();
  await send('readings', ...ends);
  await caughtUp();
  // Late for `per_room`, and a correction of `per_device`.
  await send('readings', reading('a', 4000, 7, 9));
  await caughtUp();
}

test('results of every window are there, by name, key and time, whatever their keys are', async () => {
  const directory = temporaryDirectory();
  const running = await start(directory, writePipelineFile(directory));
  const { rows, get } = running;
  await sendAll(running);
  const brief = async (query: string) =>
    (await rows(`/api/v1/windows?${query}`)).map(({ key, start_at, revision, count }) => [
      key,
      start_at,
      revision,
      count,
    ]);

  expect(await brief('window=per_device&key=a')).toEqual([
    ['a', 10_000, 0, 1],
    ['a', 0, 1, 2],
  ]);
  expect(await brief('window=per_device&key=a&revisions=all&to=10000')).toEqual([
    ['a', 0, 1, 2],
    ['a', 0, 0, 1],
  ]);
  expect(await brief(`window=per_device&key=${encodeURIComponent(ODD)}`)).toEqual([[ODD, 0, 0, 1]]);
  expect(await brief('window=per_room&key=7')).toEqual([
    ['7', 10_000, 0, 1],
    ['7', 0, 0, 1],
  ]);
  expect(await brief('window=per_room&nullKey=true')).toEqual([[null, 0, 0, 1]]);
  expect(await brief('window=everything&from=10000&to=20000')).toEqual([[null, 10_000, 0, 1]]);
  expect(await brief('window=visits&keyPrefix=a')).toEqual([
    ['a', 12_000, 0, 1],
    ['a', 1000, 1, 2],
  ]);
  const names = new Set((await rows('/api/v1/windows')).map(({ window }) => window));
  expect([...names].sort()).toEqual(['everything', 'per_device', 'per_room', 'visits']);

  // Page by page is the same as at once, and a CSV has them all.
  const all = await rows('/api/v1/windows?limit=1000');
  const paged: unknown[] = [];
  for (let next: string | null = '/api/v1/windows?limit=2'; next !== null; ) {
    const answer = await get(next);
    paged.push(...JSON.parse(await answer.text()));
    next = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
  }
  expect(paged).toEqual(all);
  const csv = await (await get('/api/v1/windows?format=csv')).text();
  expect(csv.split('\r\n')).toHaveLength(all.length + 2);
  expect(csv).toContain(`"'=a,""b""\n'ü"`);

  expect(await rows('/api/v1/joins?join=noted')).toMatchObject([{ join: 'noted', key: 'a', joined_at: 1500 }]);
  const late = await rows('/api/v1/late-events?window=per_room');
  expect(late.map(({ key, occurred_at }) => [key, occurred_at])).toEqual([['7', 4000]]);
  expect(await rows('/api/v1/late-events?window=noted')).toHaveLength(1);
  const known = await rows('/api/v1/windows-and-joins');
  expect(await rows('/api/v1/derived')).toEqual(known);
  const pipeline: Readonly<Record<string, unknown>> = JSON.parse(await (await get('/api/v1/pipeline')).text());
  expect([pipeline.windowsAndJoins, pipeline.derived]).toEqual([known, known]);
  const filled = (await rows('/api/v1/tables')).filter(({ isFilled }) => isFilled).map(({ name }) => name);
  expect(filled).toEqual([
    'runs',
    'run_steps',
    'backfills',
    'table_publications',
    'dead_letters',
    'actor_history',
    'command_history',
    'check_runs',
  ]);
  const { paths } = JSON.parse(await (await get('/openapi.json')).text());
  expect(paths['/api/v1/derived'].get.deprecated).toBe(true);
  expect(paths['/api/v1/windows-and-joins'].get.deprecated).toBeUndefined();
  expect(known.map(({ name, keys }) => [name, keys])).toEqual([
    ['per_device', 'text'],
    ['per_room', 'number'],
    ['everything', 'none'],
    ['visits', 'text'],
    ['noted', 'text'],
  ]);
});

test('live events have new results of every window once, and say how many there were', async () => {
  const directory = temporaryDirectory();
  const running = await start(directory, writePipelineFile(directory));
  const abort = new AbortController();
  const stream = await fetch(new URL('/events', running.served.url), { signal: abort.signal });
  const windows: Record<string, unknown>[] = [];
  const counts: Record<string, { results: number; appended: number }>[] = [];
  const reading_ = (async () => {
    let text = '';
    for await (const bytes of stream.body ?? []) {
      text += Buffer.from(bytes).toString('utf8');
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^data: (.+)$/m.exec(frame)?.[1] ?? 'null';
        if (/^event: window$/m.test(frame)) windows.push(...JSON.parse(data));
        if (/^event: windows$/m.test(frame)) counts.push(JSON.parse(data));
      }
    }
  })().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 1500));
  // Far more keys than one live event has rows.
  const many = Array.from({ length: 3000 }, (_, i) => reading(`k${i}`, 1000, i % 5));
  await running.send('readings', ...many);
  await running.send('readings', ...ends);
  await running.caughtUp();
  await expect
    .poll(() => counts.some((one) => 'per_device' in one && 'per_room' in one), { timeout: 10_000 })
    .toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 2200));
  abort.abort();
  await reading_;
  const sum = (name: string) => counts.reduce((all, one) => all + (one[name]?.appended ?? 0), 0);
  expect([sum('per_device'), sum('per_room'), sum('everything')]).toEqual([3000, 5, 1]);
  expect(new Set(windows.map(({ window }) => window))).toEqual(
    new Set(['per_device', 'per_room', 'everything', 'visits']),
  );
  expect(windows.length).toBeLessThan(1000);
  const ids = windows.map(({ window, key, start_at, revision }) => JSON.stringify([window, key, start_at, revision]));
  expect(new Set(ids).size).toBe(ids.length);
});

test('after a restart the numbers are those of all time and those since the start, and the lag is real', async () => {
  const directory = temporaryDirectory();
  const file = writePipelineFile(directory);
  const first = await start(directory, file);
  await sendAll(first);
  await first.send('readings', reading('z', 100_001), { device: 'no time' });
  await first.caughtUp();
  const overviewOf = async ({ get }: Running): Promise<Overview> =>
    JSON.parse(await (await get('/api/v1/overview')).text());
  const known = { timeout: 5000 };
  const sent = 4 + 2 + ends.length + 1 + 1;
  await expect.poll(async () => (await overviewOf(first)).eventsIn, known).toBe(sent);
  const before = await overviewOf(first);
  expect(before.sinceStart).toEqual({ eventsIn: sent, deadLetters: 1, lateEvents: before.lateEvents, alerts: 0 });
  await first.end();

  const second = await start(directory, file);
  // From its first answer on, no number is one of an empty service.
  for (let i = 0; i < 100; i++) {
    const { eventsIn, deadLetters, lateEvents, openCases, stages } = await overviewOf(second);
    expect([null, sent]).toContain(eventsIn);
    expect([null, 1]).toContain(deadLetters);
    expect([null, before.lateEvents]).toContain(lateEvents);
    expect([null, 0]).toContain(openCases);
    for (const { lag } of stages) expect(lag ?? 0).toBeLessThan(20);
    if (eventsIn !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await second.send('readings', reading('z', 100_002));
  await second.caughtUp();
  await expect.poll(async () => (await overviewOf(second)).eventsIn, known).toBe(sent + 1);
  const { sinceStart, stages } = await overviewOf(second);
  expect(sinceStart.eventsIn).toBe(1);
  expect(stages.filter(({ kind }) => kind === 'projection').map(({ lag }) => lag)).toEqual([0, 0]);
});
