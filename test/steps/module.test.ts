import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { moduleStep } from '../../src/steps/module.ts';
import type { StepOutcome } from '../../src/steps/step.ts';
import { runCommand, runModule, runOwn } from '../../src/workers/step-process.ts';
import { attemptContext } from './attempt-context.ts';
import { hostOf } from './step-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const SCHEMA = {
  type: 'record' as const,
  name: 'Score',
  fields: [
    { name: 'id', type: 'string' as const },
    { name: 'score', type: 'double' as const },
  ],
};

interface Attempted {
  readonly outcome: StepOutcome | undefined;
  readonly log: readonly string[];
  readonly delivered: readonly unknown[];
}

async function attempted(text: string, into: string | null = null, signal = new AbortController().signal) {
  files += 1;
  const module = join(folder, `m${files}.mjs`);
  writeFileSync(module, text);
  const log: string[] = [];
  const delivered: unknown[] = [];
  const host = hostOf({
    processes: { runModule, runCommand, runOwn },
    stream: (name) => ({
      name,
      schema: SCHEMA,
      key: 'id',
      eventTime: '',
      times: { timeZone: null, timeFormats: [], dateFormats: [], epoch: null },
    }),
    deliver: async (_stream, _type, events) => void delivered.push(...events),
  });
  const settings = { kind: 'module', module, memoryBytes: 48 * 1024 ** 2, into };
  const step = moduleStep.open(settings, host);
  const context = attemptContext({
    params: { n: 2 },
    results: { load: { rows: 3 } },
    item: { index: 0, value: 'eu' },
    log: (level, line, fields) => void log.push(`${level} ${line}${fields?.x ?? ''}`),
  });
  const outcome = await step?.attempt(context, signal);
  if (outcome?.kind === 'done') await outcome.publish?.();
  return { outcome, log, delivered } satisfies Attempted;
}

describe.concurrent('a step module', () => {
  it('calls the default export with the context, and has what it returns as output', async () => {
    const { outcome, log } = await attempted(`
      export default async ({ interval, params, item, results, idempotencyKey, log, signal }) => {
        log.warn('hot', { x: 1 });
        console.log('plain %d', 7);
        return { days: (interval.end - interval.start) / 864e5, n: params.n + results.load.rows, item, idempotencyKey, live: !signal.aborted };
      };`);
    expect(outcome).toEqual({
      kind: 'done',
      records: 0,
      output: { days: 1, n: 5, item: 'eu', idempotencyKey: 'j@2026-01-02T00:00:00.000Z/s', live: true },
    });
    expect(log).toEqual(['warn hot1', 'info plain 7']);
  });

  it('with `into` brings the events that it returns into the stream, all or none', async () => {
    const good = await attempted("export default () => ({ events: [{ id: 'a', score: 0.5 }], model: 'm' });", 's');
    expect(good.outcome).toMatchObject({ records: 1, output: { model: 'm', stream: 's', events: 1 } });
    expect(good.delivered).toMatchObject([{ id: 'a', score: 0.5 }]);
    const bad = await attempted("export default () => ({ events: [{ id: 'a', score: 1 }, { id: 'b' }] });", 's');
    expect(bad.outcome).toMatchObject({
      kind: 'permanent',
      reason: expect.stringContaining('event 2 is no event of s'),
    });
    expect(bad.delivered).toEqual([]);
  });

  it.each([
    ['throws', "export default () => {\n  throw new Error('no luck');\n};", 'retryable', /m\d+\.mjs:2:\d+: no luck/],
    ['has no function', 'export default 7;', 'permanent', /has no function as its default export/],
    ['has a fault in its text', 'export default ) => 1;', 'permanent', /can't be imported/],
    ['returns what is no JSON', 'export default () => 1n;', 'permanent', /can't be written as JSON/],
    [
      'ends its process',
      'export default () => process.exit(0);',
      'retryable',
      /exit code 0\) before its function returned/,
    ],
    ['is killed', "export default () => process.kill(process.pid, 'SIGKILL');", 'retryable', /ended by SIGKILL/],
    [
      'fills its heap',
      'export default () => { const a = []; for (;;) a.push({ a: [1] }); };',
      'retryable',
      /more than its memory of 48 MB/,
    ],
    [
      'fills memory outside of its heap',
      'export default () => { const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1)); };',
      'retryable',
      /more than its memory of 48 MB/,
    ],
  ])('that %s has failed, and says why', async (_, text, kind, reason) => {
    const { outcome } = await attempted(text);
    expect(outcome).toMatchObject({ kind, reason: expect.stringMatching(reason) });
  });

  it('that hangs is ended when its time is over', async () => {
    const end = new AbortController();
    setTimeout(() => end.abort(new Error('out of time')), 300);
    await expect(attempted('export default () => { for (;;); };', null, end.signal)).rejects.toThrow('out of time');
  });

  it('that is not there is refused with its line', () => {
    const text = `streams: { s: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
jobs:
  j: { steps: { a: { module: ./none.js, memory: 64mb } } }
`;
    expect(() => parseConfig(text, 'p.yaml', {})).toThrow(/p.yaml:3:\d+: .*there is no file .*none\.js/);
  });
});
