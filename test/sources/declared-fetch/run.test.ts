import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeTimer } from '../../../src/deadline.ts';
import { createHostRates } from '../../../src/fetching/host-rates.ts';
import type { DynamicEvent } from '../../../src/messages/codec.ts';
import { ISO_TIMES } from '../../../src/messages/times.ts';
import { declarationOf, type Target } from '../../../src/sources/declared-fetch/declaration.ts';
import { openDeclared } from '../../../src/sources/declared-fetch/run.ts';
import { declaredFetchSchema } from '../../../src/sources/declared-fetch/settings.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

const target: Target = {
  schema: {
    type: 'record',
    name: 'Rate',
    fields: [
      { name: 'currency', type: 'string' },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'rate', type: 'double' },
      { name: 'fetchedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ],
  },
  key: 'currency',
  eventTime: 'at',
};
const day = Date.parse('2026-05-01T00:00Z');

/** A fetch of a server, and the events that it has brought. */
function fetchOf(settings: Record<string, unknown>, timeoutMs = 2_000) {
  const brought: DynamicEvent[] = [];
  const open = () => {
    const raw = declaredFetchSchema.parse({
      map: { currency: 'currency', at: 'at', rate: 'value', fetchedAt: '{fetchedAt}' },
      ...settings,
    });
    const plan = declarationOf(raw, target, ['interval.start'], (path, message) => {
      throw new Error(`${path.join('.')}: ${message}`);
    });
    if (plan === null) throw new Error('no plan');
    return openDeclared(plan, target, {
      nowMs: Date.now,
      http: { fetch, startTimer: nodeTimer },
      timeoutMs,
      rates: createHostRates(),
      times: ISO_TIMES,
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      replay: async (_, each) => brought.forEach(each),
      deliver: async (_, events) => void brought.push(...events),
    });
  };
  const values = (name: string) => (name === 'interval.start' ? { instantMs: day } : undefined);
  const run = open();
  const attempt = async (of = run) => {
    const outcome = await of.attempt(values, new AbortController().signal);
    if (outcome.kind === 'fetched') await outcome.deliver();
    return outcome;
  };
  return { brought, attempt, open };
}

const rows = (...values: number[]) =>
  JSON.stringify(values.map((value, n) => ({ currency: `C${n}`, at: '2026-05-01T00:00:00Z', value })));

describe('a fetch by declaration', () => {
  test('brings a row once, and again when it is revised, also after a restart', async () => {
    let values = [1, 2];
    const url = await serve((_, response) => response.end(rows(...values)));
    const { brought, attempt, open } = fetchOf({ url: `${url}/?day={interval.start|date}` });
    expect(await attempt()).toMatchObject({ records: 2 });
    expect(await attempt()).toMatchObject({ records: 0 });
    values = [1, 3];
    const restarted = open();
    await restarted.recover();
    expect(await attempt(restarted)).toMatchObject({ records: 1 });
    expect(brought.map(({ currency, rate }) => [currency, rate])).toEqual([
      ['C0', 1],
      ['C1', 2],
      ['C1', 3],
    ]);
  });

  test('asks with a condition once its events are durable, and takes a 304 for no news', async () => {
    const conditions: (string | undefined)[] = [];
    const url = await serve(({ headers }, response) => {
      conditions.push(headers['if-none-match']);
      if (headers['if-none-match'] === '"a"') response.writeHead(304).end();
      else response.setHeader('etag', '"a"').end(rows(1));
    });
    const { attempt } = fetchOf({ url });
    expect(await attempt()).toMatchObject({ records: 1 });
    expect(await attempt()).toMatchObject({ kind: 'fetched', records: 0 });
    expect(conditions).toEqual([undefined, '"a"']);
  });

  test('sends its headers, and follows pages by their links', async () => {
    const url = await serve(({ headers, url: asked = '' }, response) => {
      if (headers['x-key'] !== 'k') return void response.writeHead(401).end();
      if (!asked.includes('page=2')) response.setHeader('link', '</?page=2>; rel="next"');
      response.end(JSON.stringify([{ currency: asked, at: '2026-05-01T00:00:00Z', value: 1 }]));
    });
    const { brought, attempt } = fetchOf({ url: `${url}/?page=1`, headers: { 'x-key': 'k' }, pages: { link: true } });
    expect(await attempt()).toMatchObject({ records: 2, requests: 2 });
    expect(brought.map(({ currency }) => currency)).toEqual(['/?page=1', '/?page=2']);
  });

  test.each<[string, RequestListener, string, RegExp]>([
    ['that never ends', (_, response) => void response.write('['), 'retryable', /No complete answer within 300 ms/],
    [
      'that drips',
      (_, response) => {
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
      'retryable',
      /No complete answer within 300 ms/,
    ],
    [
      'that is cut',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('[{');
        setImmediate(() => response.destroy());
      },
      'retryable',
      /The request failed/,
    ],
    [
      'that unpacks to too much',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(' '.repeat(4_000_000))),
      'permanent',
      /larger than 1048576 bytes/,
    ],
    ['that is not JSON in a 200', (_, response) => response.end('[{"a":1}, Unexpected'), 'retryable', /not JSON/],
    [
      'that sends elsewhere',
      (_, response) => response.writeHead(302, { location: '/x' }).end(),
      'permanent',
      /redirect/,
    ],
    [
      'that refuses with 429 for ever',
      (_, response) => response.writeHead(429, { 'retry-after': '7' }).end(),
      'retryable',
      /HTTP 429/,
    ],
  ])('takes an answer %s for what it is', async (_, listener, kind, reason) => {
    const url = await serve(listener);
    const { attempt, brought } = fetchOf({ url, maxBytes: '1MB' }, 300);
    expect(await attempt()).toMatchObject({ kind, reason: expect.stringMatching(reason) });
    expect(brought).toEqual([]);
  });
});
