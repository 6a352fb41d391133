/** Each example of docs/extending.md, applied to a copy of the tree, which then has what the example adds. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../boundaries/rules.ts';
import { readTree } from '../boundaries/source-file.ts';
import { cannedService, silentLogger } from '../http/canned-view.ts';
import { ask } from '../http/request.ts';
import { recordingIntake } from '../sources/recording-intake.ts';
import { applyTo, examplesOf, ROOT, readDocument, tableOf } from './document.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-extending-'));
const readNothing = (): never => {
  throw new Error('this source reads no file');
};
const rows = tableOf(readDocument());
const examples = examplesOf(readDocument());

beforeAll(() => {
  for (const part of ['src', 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, part), join(root, part), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const { changes } of examples) for (const change of changes) applyTo(root, change);
});
afterAll(() => rmSync(root, { recursive: true }));

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
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'src', '--noEmit', '--incremental', 'false'], {
      cwd: root,
      encoding: 'utf8',
    });
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
    const host = { nowMs: () => 5, sleep: async () => {}, readInput: readNothing };
    const intake = recordingIntake({ partitions: 1, committed: [1] });
    for (const adapter of SOURCES) {
      if (clock === undefined) continue;
      await adapter.open(clock.source, clock, host)?.run(intake, new AbortController().signal);
    }
    expect(intake.batches[0]?.map(({ next }) => next)).toEqual([2, 3]);
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

  it('shows the metric', async () => {
    const { createMetrics }: typeof import('../../src/http/metrics.ts') = await import(
      join(root, 'src/http/metrics.ts')
    );
    const { gaugesOf }: typeof import('../../src/service/gauges.ts') = await import(
      join(root, 'src/service/gauges.ts')
    );
    const metrics = createMetrics({ version: '0' });
    metrics.onCollect(() => gaugesOf([], { pipeline: () => null, readModels: () => null }));
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
    const run = (): string =>
      execFileSync(
        process.execPath,
        [
          '--import',
          'tsx',
          'src/main.ts',
          'config',
          'validate',
          '--config',
          join(ROOT, 'test/fixtures/extending/old.yaml'),
        ],
        { cwd: root, encoding: 'utf8', stdio: 'pipe' },
      );
    let failure: unknown = null;
    try {
      run();
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('old.yaml:3:1: contact: is no longer'),
    });
  });
});
