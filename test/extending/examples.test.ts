/** Each example of docs/extending.md, applied to a copy of the tree, which then has what the example adds. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tablesOf } from '../../src/projections/driver.ts';
import type { EventRow, SectionEvents } from '../../src/projections/store.ts';
import type { Table } from '../../src/projections/table.ts';
import { check } from '../boundaries/rules.ts';
import { readTree } from '../boundaries/source-file.ts';
import { cannedService, silentLogger } from '../http/canned-view.ts';
import { ask } from '../http/request.ts';
import { streamEvent } from '../sinks/event-fixture.ts';
import { recordingIntake } from '../sources/recording-intake.ts';
import { applyTo, examplesOf, ROOT, readDocument, tableOf } from './document.ts';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const root = mkdtempSync(join(tmpdir(), 'millrace-extending-'));
const readNothing = (): never => {
  throw new Error('no example asks for it');
};
const rows = tableOf(readDocument());
const examples = examplesOf(readDocument());

beforeAll(() => {
  for (const part of ['src', 'examples', 'tsconfig.json', 'package.json']) {
    const filter = (path: string): boolean => !/[\\/](node_modules|build|data)$/.test(path);
    cpSync(join(ROOT, part), join(root, part), { recursive: true, ...(part === 'examples' ? { filter } : {}) });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const { changes } of examples) for (const change of changes) applyTo(root, change);
});
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
    expect(compile('-p', 'src', '--noEmit', '--incremental', 'false')).toBe('');
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

  it('builds and runs the operator, in a project that depends on the tree', () => {
    const project = join(root, 'examples/operator-project');
    expect(compile('-p', 'src', '--incremental', 'false')).toBe('');
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(root, join(project, 'node_modules/millrace'));
    expect(compile('-p', project)).toBe('');
    const words = ['run', '--config', 'pipeline.yaml', '--input', 'orders=orders.jsonl', '--output', '-'];
    const run = spawnSync(process.execPath, [join(root, 'dist/main.js'), ...words], { cwd: project, encoding: 'utf8' });
    const orders = readFileSync(join(project, 'orders.jsonl'), 'utf8').trim().split('\n');
    const paid = orders.map((line) => JSON.parse(line)).filter(({ status }) => status === 'paid');
    const steps = run.stdout.split('\n').filter((line) => line.includes('"steps.paid"'));
    expect(
      steps.map((line) => JSON.parse(line)),
      run.stderr,
    ).toMatchObject(paid.map(({ orderId }) => ({ key: orderId, events: 2 })));
    expect(paid.length).toBeGreaterThan(0);
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
    const validate = ['--import', 'tsx', 'src/main.ts', 'config', 'validate', '--config', old];
    const { status, stderr } = spawnSync(process.execPath, validate, { cwd: root, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: expect.stringContaining('old.yaml:3:1: contact: is no longer'),
    });
  });
});
