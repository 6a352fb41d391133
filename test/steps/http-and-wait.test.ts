import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { httpStep } from '../../src/steps/http.ts';
import type { StepContext } from '../../src/steps/step.ts';
import { waitStep } from '../../src/steps/wait.ts';
import { attemptContext } from './attempt-context.ts';
import { hostOf } from './step-host.ts';

const signal = new AbortController().signal;

describe('a step http', () => {
  it('sends its key and its filled text, and is judged by the status of the answer', async () => {
    const seen: string[] = [];
    const answers = [
      { status: 200, body: '{"id":7}' },
      { status: 429, body: 'slow down' },
      { status: 404, body: 'no' },
    ];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${request.headers['idempotency-key']} ${body}`);
        const { status, body: text } = answers[seen.length - 1] ?? { status: 500, body: '' };
        response.writeHead(status, { 'retry-after': '7' }).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/{interval.start|date}?p={params.p}`;
    const settings = { kind: 'http', url, method: 'POST', headers: {}, body: '{"n": {results.load.n}}', expect: [] };
    const step = httpStep.open(settings, hostOf());
    const context: StepContext = attemptContext({ params: { p: 'a b' }, results: { load: { n: 3 } } });
    expect(await step?.attempt(context, signal)).toMatchObject({
      kind: 'done',
      output: { status: 200, body: { id: 7 } },
    });
    expect(await step?.attempt(context, signal)).toMatchObject({ kind: 'retryable', waitMs: 7000 });
    expect(await step?.attempt(context, signal)).toMatchObject({
      kind: 'permanent',
      reason: expect.stringContaining('404'),
    });
    expect(seen[0]).toBe('POST /2026-01-01?p=a%20b j@2026-01-02T00:00:00.000Z/s {"n": 3}');
    server.close();
  });
});

describe('a step wait', () => {
  it('ends at its instant, by the clock', async () => {
    let now = Date.parse('2026-01-02T00:00:00Z');
    const sleep = async (ms: number): Promise<void> => {
      now += ms;
    };
    const settings = { kind: 'wait', until: '{interval.end}', plusMs: 7_200_000, file: null, everyMs: 1000 };
    const step = waitStep.open(settings, hostOf({ nowMs: () => now, sleep }));
    expect(await step?.attempt(attemptContext(), signal)).toMatchObject({ kind: 'done' });
    expect(new Date(now).toISOString()).toBe('2026-01-02T02:00:00.000Z');
  });

  it('for a file ends once that is there', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-')), 'in.csv');
    const sleep = async (): Promise<void> => writeFileSync(file, 'a,b');
    const settings = { kind: 'wait', until: null, plusMs: 0, file, everyMs: 1000 };
    const step = waitStep.open(settings, hostOf({ sleep }));
    expect(await step?.attempt(attemptContext(), signal)).toMatchObject({ output: { file, bytes: 3 } });
    rmSync(dirname(file), { recursive: true });
  });
});

describe('a text with an unknown name', () => {
  it.each([
    ['{interval.strt}', 'interval.start'],
    ['{params.regio}', 'params.region'],
  ])('such as %s is refused with its line, and what is meant', (text, meant) => {
    const file = `streams: { s: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
jobs:
  j:
    params: { region: eu }
    steps: { a: { http: { url: "https://example.com/${text}" } } }
`;
    expect(() => parseConfig(file, 'p.yaml', {})).toThrow(new RegExp(`p.yaml:5:\\d+: .*did you mean ${meant}`));
  });
});
