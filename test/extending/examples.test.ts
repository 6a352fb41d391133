/** Each example of docs/extending.md, applied to a copy of the tree, which then has what the example adds. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transactionType } from '../../src/fraud/types.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { ISO_TIMES } from '../../src/messages/times.ts';
import { tablesOf } from '../../src/projections/driver.ts';
import type { EventRow, SectionEvents } from '../../src/projections/store.ts';
import type { Table } from '../../src/projections/table.ts';
import { check } from '../boundaries/rules.ts';
import { readTree } from '../boundaries/source-file.ts';
import { cannedService, silentLogger } from '../http/canned-view.ts';
import { ask } from '../http/request.ts';
import { streamEvent } from '../sinks/event-fixture.ts';
import { recordingIntake } from '../sources/recording-intake.ts';
import { attemptContext } from '../steps/attempt-context.ts';
import { weatherHost as fetchHost } from '../steps/fetch-host.ts';
import { hostOf } from '../steps/step-host.ts';
import { applyTo, examplesOf, ROOT, readDocument, tableOf } from './document.ts';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const root = mkdtempSync(join(tmpdir(), 'millrace-extending-'));
const readNothing = (): never => {
  throw new Error('no example asks for it');
};
/** What the compiler says of the tree with every example. */
let complaints = '';
const rows = tableOf(readDocument());
const examples = examplesOf(readDocument());

beforeAll(() => {
  for (const part of ['src', 'examples', 'tsconfig.json', 'package.json']) {
    const filter = (path: string): boolean => !/[\\/](node_modules|build|data)$/.test(path);
    cpSync(join(ROOT, part), join(root, part), { recursive: true, ...(part === 'examples' ? { filter } : {}) });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const { changes } of examples) for (const change of changes) applyTo(root, change);
  complaints = compile('-p', 'src', '--incremental', 'false');
}, 240_000);
afterAll(() => rmSync(root, { recursive: true }));

/** What the compiler says of the copy. */
function compile(...words: readonly string[]): string {
  return spawnSync(join(ROOT, 'node_modules/.bin/tsc'), words, { cwd: root, encoding: 'utf8' }).stdout;
}

async function projections() {
  const { TABLES }: typeof import('../../src/tables.ts') = await import(join(root, 'src/tables.ts'));
  const { driverOf }: typeof import('../../src/projections/drivers.ts') = await import(
    join(root, 'src/projections/drivers.ts')
  );
  return { tables: TABLES, driverOf, tablesOf };
}

function place(tables: readonly Table[]) {
  return { dataDir: root, tables, shapes: { windows: [], streams: [] }, owner: 7, room: null };
}

const WHERE = { log: 's-0', stream: 's', partition: 0, firstOffset: 0, committedAt: 0 };

function eventsOf(typeName: string, rows: readonly EventRow[]): SectionEvents {
  const columns = (): never => {
    throw new Error('these events are objects');
  };
  return { firstOffset: 0, typeName, window: null, columns, objects: () => rows };
}

describe('the table', () => {
  it('has an example for each of its rows, which touches the files of the row', () => {
    const touched = examples.map(({ adds, changes }) => ({ adds, files: changes.map(({ path }) => path) }));
    expect(rows.length).toBeGreaterThan(4);
    expect(touched).toEqual(rows);
  });

  it.each(rows)('takes two files at most for $adds, and the one that it changes is there', ({ adds, files }) => {
    expect(files.length).toBeLessThanOrEqual(2);
    const changes = examples.find((example) => example.adds === adds)?.changes ?? [];
    for (const { path, form } of changes) expect([path, existsSync(join(ROOT, path))]).toEqual([path, form === 'diff']);
  });
});

describe('the tree with every example', () => {
  it('has the types and holds to the rules of the house', () => {
    expect(complaints).toBe('');
    expect(check(readTree(root, ['src'])).map(({ file, what }) => `${file}: ${what}`)).toEqual([]);
  });

  it('reads, prints, checks and runs the source', async () => {
    const { parseConfig }: typeof import('../../src/config/load.ts') = await import(join(root, 'src/config/load.ts'));
    const { printConfig }: typeof import('../../src/config/print.ts') = await import(join(root, 'src/config/print.ts'));
    const { SOURCES }: typeof import('../../src/sources/adapters.ts') = await import(
      join(root, 'src/sources/adapters.ts')
    );
    const file = (schema: string): string =>
      `streams:\n  clock:\n    ${schema}\n    key: tick\n    eventTime: at\n    source: { ticks: { every: 1ms, count: 3 } }\n`;
    const at = join(ROOT, 'test/fixtures/extending/pipeline.yaml');
    const config = parseConfig(file('schema: ./tick.avsc'), at, {});
    expect(printConfig(config, { secrets: 'shown' })).toMatch(/ticks:\n.*# Between.*\n *every: 1ms\n.*\n *count: 3/);
    expect(() => parseConfig(file('schema: ./tock.avsc').replace('key: tick', 'key: tock'), at, {})).toThrow(
      'pipeline.yaml:6:5: streams.clock.source: ticks need a field `tick`',
    );
    const [clock] = config.streams;
    const host = {
      nowMs: () => 5,
      sleep: async () => {},
      readInput: readNothing,
      kafka: null,
      owner: () => 1,
      log() {},
    };
    const intake = recordingIntake({ partitions: 1, committed: [1] });
    for (const adapter of SOURCES) {
      if (clock === undefined) continue;
      await adapter.open(clock.source, { ...clock, kafka: null }, host)?.run(intake, new AbortController().signal);
    }
    expect(intake.batches[0]?.map(({ next }) => next)).toEqual([2, 3]);
  });

  it('reads, prints and runs the sink', async () => {
    const { parseConfig }: typeof import('../../src/config/load.ts') = await import(join(root, 'src/config/load.ts'));
    const { printConfig }: typeof import('../../src/config/print.ts') = await import(join(root, 'src/config/print.ts'));
    const { SINKS }: typeof import('../../src/sinks/adapters.ts') = await import(join(root, 'src/sinks/adapters.ts'));
    const path = join(root, 'kept.jsonl');
    const streams = 'streams: { t: { builtin: Transaction, key: customerId, eventTime: occurredAt } }\n';
    const config = parseConfig(`${streams}sinks: { kept: { file: { path: ${path} }, from: [t] } }`, 'p.yaml', {});
    expect(printConfig(config, { secrets: 'redacted' })).toContain(`path: ${path}`);
    expect(() => parseConfig(`${streams}sinks: { kept: { file: {}, from: [t] } }`, 'p.yaml', {})).toThrow(
      'sinks.kept.file.path: is missing',
    );
    const host = {
      ...{ name: 'kept', delivery: 'at_least_once' as const, kafka: null, journalEnds: new Map<string, number>() },
      ...{ write: readNothing, log: readNothing, owner: readNothing, nowMs: readNothing, sleep: readNothing },
      http: { fetch, startTimer: readNothing },
    };
    const event = { ...streamEvent(7, 't', 't-0'), json: '{"a":1}' };
    for (const adapter of SINKS) {
      const sink = config.sinks[0] === undefined ? null : adapter.open(config.sinks[0], host);
      await sink?.deliver([event], new AbortController().signal);
    }
    expect(readFileSync(path, 'utf8')).toBe('{"idempotencyKey":"t-0/7","a":1}\n');
  });

  it('builds and runs the operator, in a project that depends on the tree, and one of the kind that the tree has', () => {
    const project = join(root, 'examples/operator-project');
    const pipeline = join(project, 'pipeline.yaml');
    const declared = `distinct:
  new_orders: { stream: orders, within: 1d }
windows:
  orders_a_day: { stream: new_orders, key: null, window: { tumbling: 1d }, aggregate: { n: count() } }
`;
    writeFileSync(pipeline, `${readFileSync(pipeline, 'utf8')}\n${declared}`);
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(root, join(project, 'node_modules/millrace'));
    expect(compile('-p', project)).toBe('');
    const words = ['run', '--config', 'pipeline.yaml', '--input', 'orders=orders.jsonl', '--output', '-'];
    const run = spawnSync(process.execPath, [join(root, 'dist/main.js'), ...words], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, MILLRACE_BUILT_WORKERS: join(root, 'dist/workers') },
    });
    const orders = readFileSync(join(project, 'orders.jsonl'), 'utf8').trim().split('\n');
    const paid = orders.map((line) => JSON.parse(line)).filter(({ status }) => status === 'paid');
    const lines = run.stdout.split('\n').filter((line) => line !== '');
    const of = (stream: string) => lines.map((line) => JSON.parse(line)).filter((line) => line.stream === stream);
    expect(of('steps.paid'), run.stderr).toMatchObject(paid.map(({ orderId }) => ({ key: orderId, events: 2 })));
    expect(paid.length).toBeGreaterThan(0);
    const placed = [...new Set(orders.map((line) => JSON.parse(line).orderId))];
    expect(of('new_orders').map(({ orderId }) => orderId)).toEqual(placed);
    expect(of('orders_a_day').map((line) => line.n ?? line.aggregates?.n)).toEqual([placed.length]);
  });

  it('keeps the state of the kind of operator, and forgets a key once it may come again', async () => {
    const { KINDS_WITH_SECTION }: typeof import('../../src/operator-kinds/kinds.ts') = await import(
      join(root, 'src/operator-kinds/kinds.ts')
    );
    const kind = KINDS_WITH_SECTION.map((each) => each.kind).find((each) => String(each.kind) === 'distinct');
    const schema = transactionType.schema;
    const place = { inputs: [{ stream: 't', schema }], outputs: [] };
    const open = () =>
      kind
        ?.prepare({ kind: 'distinct', name: 'd', spec: { key: 'customerId', withinMs: 10 } }, place)
        .open({ push() {} }, 0);
    const given = (operator: ReturnType<typeof open>, customers: readonly number[], atMs: number): number => {
      const columns = columnsOfEvents(customers.map((customerId) => ({ customerId })));
      const timesMs = Float64Array.from(customers, () => atMs);
      operator?.begin({ stream: 't', columns, timesMs, watermarkMs: 0, at: null });
      for (const row of customers.keys()) operator?.add(row);
      return operator?.outputs[0]?.events.take()?.count ?? 0;
    };
    const before = open();
    expect(given(before, [1, 2, 1], 100)).toBe(2);
    const after = open();
    if (before !== undefined) after?.restore(before.snapshot());
    expect(given(after, [1, 3], 109)).toBe(1);
    after?.advance(110);
    expect(after?.keyCount()).toBe(1);
    expect(given(after, [1, 3], 110)).toBe(1);
  });

  it('reads, prints, checks and runs the kind of step and the kind of fetch', async () => {
    const { parseConfig }: typeof import('../../src/config/load.ts') = await import(join(root, 'src/config/load.ts'));
    const { printConfig }: typeof import('../../src/config/print.ts') = await import(join(root, 'src/config/print.ts'));
    const { STEPS }: typeof import('../../src/steps/adapters.ts') = await import(join(root, 'src/steps/adapters.ts'));
    const { FETCHES }: typeof import('../../src/sources/fetches.ts') = await import(
      join(root, 'src/sources/fetches.ts')
    );
    const at = join(ROOT, 'test/fixtures/extending/pipeline.yaml');
    const file = (schema: string, text: string): string => `
streams:
  beats: { schema: ./${schema}, key: url, eventTime: at, source: { job: watch } }
jobs:
  watch:
    schedule: { every: 1h }
    steps:
      ask: { fetch: { heartbeat: { url: "http://127.0.0.1:1/up" } }, into: beats }
      said: { note: "${text}", needs: [ask] }
`;
    const config = parseConfig(file('beat.avsc', 'status {results.ask.status}'), at, {});
    expect(printConfig(config, { secrets: 'shown' })).toContain('note: status {results.ask.status}');
    expect(() => parseConfig(file('beat.avsc', '{results.asked.status}'), at, {})).toThrow(
      'jobs.watch.steps.said.note',
    );
    expect(() => parseConfig(file('tick.avsc', 'x').replace('key: url', 'key: tick'), at, {})).toThrow(
      'needs a field `url` for a heartbeat',
    );
    const [ask, said] = config.jobs[0]?.steps ?? [];
    const signal = new AbortController().signal;
    const logged: string[] = [];
    const delivered: unknown[] = [];
    const [beats] = config.streams;
    const host = fetchHost({
      nowMs: () => 7,
      http: { fetch: async () => new Response('up'), startTimer: () => () => {} },
      ...(beats === undefined ? {} : { into: { ...beats, times: ISO_TIMES } }),
      deliver: async (_, events) => void delivered.push(...events),
    });
    const fetch = ask?.settings.kind === 'fetch' ? ask.settings.fetch : { kind: 'none' };
    const opened = FETCHES.flatMap((adapter) => adapter.open(fetch, host) ?? []);
    const outcome = await opened[0]?.attempt(attemptContext(), signal);
    expect(outcome).toMatchObject({ kind: 'done', records: 1, output: { status: 200 } });
    if (outcome?.kind === 'done') await outcome.publish?.();
    expect(delivered).toEqual([{ at: 7, url: 'http://127.0.0.1:1/up', status: 200 }]);
    const context = attemptContext({ results: { ask: { status: 200 } }, log: (_, text) => void logged.push(text) });
    for (const adapter of STEPS) {
      if (said !== undefined) await adapter.open(said.settings, hostOf())?.attempt(context, signal);
    }
    expect(logged).toEqual(['status 200']);
  });

  it('keeps the table, with a row a key', async () => {
    const { tables, driverOf, tablesOf } = await projections();
    const table = tables.find(({ name }) => name === 'weather_places');
    const store = await driverOf('sqlite').open(place(tablesOf({ name: 'sqlite' }, tables)));
    const observed = (name: string, observedAt: number) => ({
      provider: 'p',
      place: name,
      observedAt,
      temperatureCelsius: 1,
    });
    await store.begin();
    await store.project(
      [eventsOf(table?.eventType ?? '', [observed('Oslo', 1), observed('Rome', 2), observed('Oslo', 3)])],
      WHERE,
    );
    await store.commit(new Map([[WHERE.log, 3]]));
    expect(await store.query('SELECT place, observed_at FROM weather_places ORDER BY place')).toEqual([
      { place: 'Oslo', observed_at: 3 },
      { place: 'Rome', observed_at: 2 },
    ]);
    expect((await store.digest()).find((digest) => digest.table === 'weather_places')?.rows).toBe(2);
    await store.close();
  });

  it('has the store: what is committed is there when it is opened again, and nothing else is', async () => {
    const { driverOf } = await projections();
    const driver = driverOf('tally');
    const at = place([]);
    const store = await driver.open(at);
    await store.begin();
    await store.project([eventsOf('t', [{}, {}])], WHERE);
    await store.commit(new Map([[WHERE.log, 2]]));
    await store.begin();
    await store.project([eventsOf('t', [{}])], WHERE);
    await store.rollback();
    await store.close();
    const again = await driver.open(at);
    expect([...again.offsets()]).toEqual([[WHERE.log, 2]]);
    expect(await again.digest()).toEqual([{ table: 't', rows: 2, hash: '2' }]);
    expect([...(await driver.offsets(at.dataDir, at.owner + 1))]).toEqual([]);
  });

  it('answers the route, and its description has it', async () => {
    const { startHttp }: typeof import('../../src/http/server.ts') = await import(join(root, 'src/http/server.ts'));
    const server = await startHttp({ view: cannedService().view, host: '127.0.0.1', port: 0, logger: silentLogger });
    try {
      expect(JSON.parse((await ask(server.url, '/api/v1/about')).text)).toHaveProperty('version');
      expect((await ask(server.url, '/openapi.json')).text).toContain('/api/v1/about');
    } finally {
      await server.close();
    }
  });

  it.skipIf(!existsSync(CHROMIUM))('has the page, in a browser, with the panel on it', async () => {
    const { startHttp }: typeof import('../../src/http/server.ts') = await import(join(root, 'src/http/server.ts'));
    const server = await startHttp({ view: cannedService().view, host: '127.0.0.1', port: 0, logger: silentLogger });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.locator('nav').getByText('About').click();
      await page
        .locator('#about dd')
        .getByText(/^\d+\.\d+\.\d+$/)
        .waitFor();
    } finally {
      await browser.close();
      await server.close();
    }
  });

  it('shows the metric', async () => {
    const { createMetrics }: typeof import('../../src/http/metrics.ts') = await import(
      join(root, 'src/http/metrics.ts')
    );
    const { gaugesOf }: typeof import('../../src/service/gauges.ts') = await import(
      join(root, 'src/service/gauges.ts')
    );
    const metrics = createMetrics({ version: '0' });
    metrics.onCollect(() => gaugesOf([], { pipeline: () => null, readModels: () => null, tiering: () => null }));
    expect((await metrics.text()).body).toContain('\nmillrace_partitions 0\n');
  });

  it('knows the key and the section, and tells a user of the key that the section replaced', async () => {
    const { parseConfig }: typeof import('../../src/config/load.ts') = await import(join(root, 'src/config/load.ts'));
    const { jsonSchema }: typeof import('../../src/config/shape.ts') = await import(join(root, 'src/config/shape.ts'));
    const read = (text: string): unknown => parseConfig(`streams: {}\n${text}`, 'p.yaml', {});
    expect(read('log: { withTime: false }')).toMatchObject({ log: { withTime: false }, owner: null });
    expect(read('owner: { name: Ada }')).toMatchObject({ log: { withTime: true }, owner: { name: 'Ada', mail: null } });
    expect(() => read('owner: { name: Ada, mail: no }')).toThrow('p.yaml:2:21: owner.mail: is no address');
    expect(JSON.stringify(jsonSchema())).toContain('A person, or a team.');
    expect(() => read('contact: Ada')).toThrow(
      'p.yaml:2:1: contact: is no longer a key; write `owner: { name: …, mail: … }` instead',
    );
  });

  it('refuses a replaced key with exit code 78, at its line', () => {
    const old = join(ROOT, 'test/fixtures/extending/old.yaml');
    const validate = ['dist/main.js', 'config', 'validate', '--config', old];
    const { status, stderr } = spawnSync(process.execPath, validate, { cwd: root, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: expect.stringContaining('old.yaml:3:1: contact: is no longer'),
    });
  });
});
