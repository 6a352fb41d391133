/** Sinks in the whole service: what leaves, under which id, and what becomes of it when the process or the receiver fails. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dlqReplayCommand } from '../../src/channel/dead-letters.ts';
import { runningTarget } from '../../src/channel/running-target.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Holds, holdsOf, pruneData } from '../../src/data-directory/retention.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { sinkChildren } from '../../src/service/sinks.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const CLICK = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'long' },
  ],
};

interface Got {
  readonly sink: string;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The receivers of all sinks: what they took, in order, and how each answers. */
function receivers() {
  const got: Got[] = [];
  const status = new Map<string, number | 'never'>();
  const answer: typeof fetch = async (input, init) => {
    const sink = new URL(String(input)).hostname;
    const now = status.get(sink) ?? 204;
    if (now === 'never')
      await new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error())));
    if (now === 204) {
      const body: unknown = JSON.parse(String(init?.body));
      const key = new Headers(init?.headers).get('idempotency-key') ?? '';
      for (const value of Array.isArray(body) ? body : [{ idempotencyKey: key, ...Object(body) }]) {
        const { idempotencyKey, ...rest } = value;
        got.push({ sink, id: idempotencyKey, value: rest });
      }
    }
    return new Response(null, { status: now === 'never' ? 500 : now });
  };
  return { got, status, answer };
}

type Receivers = ReturnType<typeof receivers>;

interface Running {
  readonly service: Service;
  stop(): Promise<void>;
  kill(): Promise<void>;
  send(stream: string, ...events: readonly object[]): Promise<void>;
}

async function start(directory: string, sinks: string, { answer }: Pick<Receivers, 'answer'>): Promise<Running> {
  writeFileSync(join(directory, 'click.avsc'), JSON.stringify(CLICK));
  const file = join(directory, 'pipeline.yaml');
  const stream = 'schema: ./click.avsc, key: userId, eventTime: occurredAt, watermark: { outOfOrderness: 0s }';
  writeFileSync(
    file,
    `streams:
  clicks: { ${stream}, partitions: 2, expect: [{ column: amount, between: [0, 100] }] }
  views: { ${stream} }
windows:
  counts: { stream: clicks, window: { tumbling: 1s }, aggregate: { n: count() } }
joins:
  pairs: { left: clicks, right: views, within: 1s }
derived:
  large: { stream: clicks, where: amount > 50, select: { user: userId } }
sinks:
${sinks}`,
  );
  const config = { ...loadConfig(file, {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const http = { ...nodePlatform.http, fetch: answer };
  const platform = { ...nodePlatform, http };
  const service = await startService({ config, logger, version: '', attach: sinkChildren, platform });
  let isOver = false;
  const end = (how: 'stop' | 'kill') => async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await service[how]();
  };
  onTestFinished(end('stop'));
  await service.ready;
  return {
    service,
    stop: end('stop'),
    kill: end('kill'),
    async send(name, ...events) {
      const target = service.pipeline.streams.get(name);
      if (target === undefined) throw new Error(`no stream ${name}`);
      for (const event of events) {
        const record = { amount: 1, ...event };
        const partition = target.units.length === 1 || Object(event).userId < 'm' ? 0 : 1;
        await new Promise<void>((resolve, reject) => {
          const blocks = [target.eventType.encodeBlock([record])];
          const batch = { source: 'test', next: null, blocks, onDurable: () => resolve(), onRejected: reject };
          target.intake.deliver(partition, batch).catch(reject);
        });
      }
      await service.settled();
    },
  };
}

const hook = (name: string, from: string, more = ''): string =>
  `  ${name}: { webhook: { url: "http://${name}/", timeout: 2s, batch: { events: 3 } }, from: [${from}]${more} }\n`;
const until = (read: () => unknown) => expect.poll(read, { timeout: 20_000, interval: 10 });

test('a stream, a window, its late events, dead letters, a join and a derived stream leave, each event under its place', async () => {
  const all = ['clicks', 'counts', 'counts.late', 'clicks.dead-letters', 'pairs', 'large'];
  const world = receivers();
  const { service, send } = await start(
    temporaryDirectory(),
    all.map((from, i) => hook(`s${i}`, from)).join(''),
    world,
  );
  await send('clicks', { userId: 'a', occurredAt: 100 }, { userId: 'a', occurredAt: 200, amount: 60 });
  await send('views', { userId: 'a', occurredAt: 300 });
  await send('clicks', { userId: 'a', occurredAt: 5000, amount: 7 }, { userId: 'a', occurredAt: 150, amount: 8 });
  await send('clicks', { userId: 'b', occurredAt: 6000, amount: 101 });
  await send('views', { userId: 'a', occurredAt: 9000 });
  const of = (name: string) => world.got.filter(({ sink }) => sink === `s${all.indexOf(name)}`);
  await until(() => all.map((name) => of(name).length)).toEqual([4, 1, 1, 1, 3, 1]);
  expect(of('clicks').map(({ id, value }) => [id, value])).toMatchObject([
    ['clicks-0/0', { stream: 'clicks', userId: 'a', occurredAt: 100, amount: 1 }],
    [expect.stringMatching(/^clicks-0\/\d+$/), { occurredAt: 200 }],
    [expect.stringMatching(/^clicks-0\/\d+$/), { occurredAt: 5000 }],
    [expect.stringMatching(/^clicks-0\/\d+$/), { occurredAt: 150 }],
  ]);
  expect(of('counts')[0]?.value).toMatchObject({ stream: 'counts', key: 'a', start: 0, end: 1000, n: 2 });
  expect(of('counts.late')[0]?.value).toMatchObject({ stream: 'counts.late', key: 'a', event: { amount: 8 } });
  expect(of('clicks.dead-letters')[0]?.value).toMatchObject({ reason: 'expectation-failed' });
  expect(of('large')[0]?.value).toMatchObject({ stream: 'large', user: 'a', ts: 200 });
  expect(of('pairs').map(({ value }) => value.stream)).toEqual(['pairs', 'pairs', 'pairs']);
  // Every id is the place of the very event.
  const ids = world.got.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id } of of('counts')) expect(await typeAt(service, id)).toMatch(/WindowResult\.counts$/);
});

async function typeAt({ pipeline }: Service, id: string): Promise<string | undefined> {
  const [log = '', at = ''] = id.split('/');
  const offset = Number(at);
  for await (const found of pipeline.reader.commits(log, { fromOffset: offset, toOffset: offset + 1 })) {
    let first = found.offset;
    for (const { count, fingerprint } of found.commit.sections) {
      if (offset < first + count) return pipeline.registry.nameOf(fingerprint);
      first += count;
    }
  }
  return undefined;
}

test('what was sent when the process is killed is sent again under the same id, in order, and nothing is left out', async () => {
  const directory = temporaryDirectory();
  const world = receivers();
  const sinks = hook('one', 'clicks');
  const first = await start(directory, sinks, world);
  const events = Array.from({ length: 7 }, (_, i) => ({ userId: 'a', occurredAt: 1 + i }));
  await first.send('clicks', ...events);
  await until(() => world.got.length).toBe(7);
  // Less than a second after the start its position says nothing of these.
  await first.kill();
  const before = world.got.splice(0);
  const second = await start(directory, sinks, world);
  await second.send('clicks', { userId: 'a', occurredAt: 100 });
  await until(() => world.got.at(-1)?.value.occurredAt).toBe(100);
  const again = world.got.slice(0, -1);
  // It may have been written down up to some event, never beyond one that was not taken.
  expect(before.slice(before.length - again.length)).toEqual(again);
  expect(before.map(({ value }) => value.occurredAt)).toEqual(events.map(({ occurredAt }) => occurredAt));
  await second.stop();
  world.got.splice(0);
  const third = await start(directory, sinks, world);
  await third.send('clicks', { userId: 'a', occurredAt: 200 });
  await until(() => world.got.map(({ value }) => value.occurredAt)).toEqual([200]);
});

test('a receiver that never answers holds up nobody else, and the journal keeps what it has not got', async () => {
  const directory = temporaryDirectory();
  const world = receivers();
  world.status.set('slow', 'never');
  const sinks = hook('slow', 'clicks') + hook('fast', 'clicks');
  const { service, send, stop } = await start(directory, sinks, world);
  await send('clicks', ...Array.from({ length: 10 }, (_, i) => ({ userId: 'a', occurredAt: 1 + i })));
  await until(() => world.got.length).toBe(10);
  expect(world.got.every(({ sink }) => sink === 'fast')).toBe(true);
  const end = service.pipeline.units.find(({ log }) => log.name === 'clicks-0')?.log.durableOffset() ?? 0;
  await stop();
  expect(service.sinkPositions.of('fast')?.logs).toContainEqual({ log: 'clicks-0', next: end, newFrom: 0 });
  expect(service.sinkPositions.needs('clicks-0')).toContainEqual({ sink: 'slow', from: 0 });
  // Offline, too: what no sink needs may go, and no more.
  const pruned = await pruneData(join(directory, 'data'), { ageMs: 0, maxBytes: null }, true, Date.now() + 60_000);
  expect(pruned.flatMap(({ segments }) => segments)).toEqual([]);
  world.status.set('slow', 204);
  world.got.splice(0);
  const again = await start(directory, sinks, world);
  await until(() => world.got.map(({ sink, id }) => `${sink} ${id}`)).toHaveLength(10);
  expect(world.got.map(({ value }) => value.occurredAt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await again.stop();
  expect(again.service.sinkPositions.needs('clicks-0').map(({ from }) => from)).toEqual([end, end]);
});

test('a receiver that is down holds the journal no longer than its sink may, and is sent what is left', async () => {
  const directory = temporaryDirectory();
  const world = receivers();
  world.status.set('slow', 'never');
  const sinks = `${hook('slow', 'clicks', ', holdJournal: 1h')}journal: { segment: 64KB }\n`;
  const { service, send, stop } = await start(directory, sinks, world);
  expect(service.config.sinks[0]?.holdJournalMs).toBe(3_600_000);
  const userId = 'a'.repeat(2000);
  for (let n = 0; n < 150; n += 30) {
    await send('clicks', ...Array.from({ length: 30 }, (_, i) => ({ userId, occurredAt: n + i })));
  }
  await stop();
  const data = join(directory, 'data');
  const prune = (isDryRun: boolean, nowMs: number, holds?: Holds) =>
    pruneData(data, { ageMs: 0, maxBytes: null }, isDryRun, nowMs, holds);
  const clicks = (pruned: Awaited<ReturnType<typeof prune>>) =>
    pruned.filter(({ log, segments, heldBy }) => log.startsWith('clicks-') && (segments.length > 0 || heldBy !== null));
  const holds = holdsOf(service.config);
  const whoHolds = { segments: [], heldBy: 'the sink slow' };
  expect(clicks(await prune(true, Date.now() + 86_400_000))).toMatchObject([whoHolds]);
  expect(clicks(await prune(true, Date.now() + 60_000, holds))).toMatchObject([whoHolds]);
  const ofSize = service.config.sinks.map((sink) => ({ ...sink, holdJournalMs: null, holdJournalBytes: 140_000 }));
  const bySize = holdsOf({ ...service.config, sinks: ofSize });
  const [kept] = clicks(await prune(true, Date.now() + 60_000, bySize));
  expect(kept).toMatchObject({ heldBy: 'the sink slow', segments: [{ firstOffset: 0 }, {}, {}] });
  const [gone] = clicks(await prune(false, Date.now() + 3_700_000, holds));
  expect(gone).toMatchObject({ heldBy: null, segments: [{ firstOffset: 0 }, {}, {}, {}] });
  world.status.set('slow', 204);
  await start(directory, sinks, world);
  await until(() => world.got.at(-1)?.value.occurredAt).toBe(149);
  const first = Number(gone?.segments.at(-1)?.nextOffset);
  expect(world.got.map(({ id }) => id)).toEqual(
    Array.from({ length: 150 }, (_, i) => `${gone?.log}/${i}`).slice(-world.got.length),
  );
  expect(world.got).toHaveLength(150 - first);
});

test('a new sink begins with what comes from now on, unless it says earliest', async () => {
  const directory = temporaryDirectory();
  const world = receivers();
  const before = await start(directory, '  none: { log: {}, from: [views] }\n', world);
  await before.send('clicks', { userId: 'a', occurredAt: 1 }, { userId: 'z', occurredAt: 2 });
  await before.stop();
  const sinks = hook('now', 'clicks') + hook('all', 'clicks', ', startFrom: earliest');
  const { send } = await start(directory, sinks, world);
  await send('clicks', { userId: 'a', occurredAt: 3 });
  const timesOf = (name: string) =>
    world.got.flatMap(({ sink, value }) => (sink === name ? [Number(value.occurredAt)] : [])).sort();
  await until(() => timesOf('all')).toEqual([1, 2, 3]);
  await until(() => timesOf('now')).toEqual([3]);
});

test('what a receiver refuses for good is a dead letter, one event and not its batch, and is sent again when asked for', async () => {
  const directory = temporaryDirectory();
  const world = receivers();
  let isStrict = true;
  const answer: typeof fetch = (input, init) => {
    const isBad = isStrict && String(init?.body).includes('"occurredAt":3,');
    return isBad ? Promise.resolve(new Response(null, { status: 422 })) : world.answer(input, init);
  };
  const { service, send, stop } = await start(directory, hook('strict', 'clicks'), { answer });
  await send('clicks', ...[1, 2, 3, 4, 5].map((occurredAt) => ({ userId: 'a', occurredAt })));
  await until(() => world.got.map(({ value }) => value.occurredAt)).toEqual([1, 2, 4, 5]);
  const sql = 'SELECT sink, stream, log, outcome, attempts FROM sink_deliveries';
  const letters = () => service.readModels.stores.of('sqlite').read({ kind: 'query', sql });
  await until(letters).toEqual([
    { sink: 'strict', stream: 'clicks', log: 'clicks-0', outcome: 'abandoned', attempts: 1 },
  ]);
  isStrict = false;
  const replayed: unknown[] = [];
  const context = { signal: new AbortController().signal, note: () => {} };
  const request = { stream: 'clicks', reason: 'undelivered' };
  for await (const rows of dlqReplayCommand.rows(runningTarget(service), request, context)) replayed.push(...rows);
  expect(replayed).toMatchObject([{ outcome: 'replayed', detail: 'to strict' }]);
  await until(() => world.got.map(({ value }) => value.occurredAt)).toEqual([1, 2, 4, 5, 3]);
  await stop();
  expect(service.sinkPositions.of('strict')?.held).toEqual([]);
});
