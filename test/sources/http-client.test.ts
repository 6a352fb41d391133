import { createServer, type RequestListener, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { httpGet, parseRetryAfterMs } from '../../src/sources/http-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return new URL(`http://127.0.0.1:${address.port}/`);
}

const limits = { deadlineMs: 5000, maxBytes: 1000 };
const now = Date.parse('2026-05-01T00:00:00Z');
const get = (url: URL, change: Partial<typeof limits> = {}, signal?: AbortSignal) =>
  httpGet(url, { ...limits, ...change }, () => now, signal);

describe('a GET', () => {
  test('gives the body of a 200, decompressed', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"°C": 1}'));
    });
    expect(await get(url)).toMatchObject({ kind: 'ok', status: 200, body: '{"°C": 1}' });
  });

  test.each([408, 425, 429, 500, 502, 503, 504])('is worth another attempt after a %i', async (status) => {
    const url = await serve((_, response) => response.writeHead(status).end('why'));
    expect(await get(url)).toMatchObject({ kind: 'retryable', status, body: 'why' });
  });

  test.each([400, 401, 403, 404, 410, 422])('is not repeated after a %i', async (status) => {
    const url = await serve((_, response) => response.writeHead(status).end('why'));
    expect(await get(url)).toMatchObject({ kind: 'permanent', status, body: 'why' });
  });

  test('passes on what Retry-After asks for', async () => {
    const url = await serve((_, response) => response.writeHead(503, { 'retry-after': '120' }).end());
    expect(await get(url)).toMatchObject({ retryAfterMs: 120_000 });
  });

  test('authenticates by the user and password of its URL, which no failure repeats', async () => {
    const url = await serve(({ headers }, response) => {
      if (headers.authorization === `Basic ${Buffer.from('me:hunter22').toString('base64')}`) response.end('{}');
      else response.writeHead(401).end();
    });
    url.username = 'me';
    url.password = 'hunter22';
    expect(await get(url)).toMatchObject({ kind: 'ok' });
    const nobody = new URL('http://me:hunter22@127.0.0.1:1/');
    expect(JSON.stringify(await get(nobody))).not.toContain('hunter22');
  });

  test('follows no redirect', async () => {
    let followed = false;
    const url = await serve((request, response) => {
      if (request.url === '/elsewhere') followed = true;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await get(url)).toMatchObject({ kind: 'permanent', reason: expect.stringMatching(/redirect/) });
    expect(followed).toBe(false);
  });
});

describe('a GET is bounded', () => {
  test('by the size of the decompressed body, however small the bytes on the wire', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    expect(await get(url, { maxBytes: 100_000 })).toMatchObject({
      kind: 'permanent',
      reason: 'The body is larger than 100000 bytes',
    });
  });

  test('by its deadline when no answer comes', async () => {
    const url = await serve(() => {});
    expect(await get(url, { deadlineMs: 50 })).toMatchObject({
      kind: 'retryable',
      reason: 'No complete answer within 50 ms',
    });
  });

  test('by the same deadline when the body trickles without end', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    });
    expect(await get(url, { deadlineMs: 100 })).toMatchObject({ kind: 'retryable', status: null });
  });
});

describe('a GET that breaks', () => {
  test('is worth another attempt when the connection is refused', async () => {
    const url = await serve(() => {});
    servers.splice(0).forEach((server) => {
      server.close();
    });
    expect(await get(url)).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('ECONNREFUSED') });
  });

  test('is worth another attempt when the body is cut off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    expect(await get(url)).toMatchObject({ kind: 'retryable' });
  });

  test('rejects when its caller aborts it', async () => {
    const url = await serve(() => {});
    const stop = new AbortController();
    const answer = get(url, {}, stop.signal);
    stop.abort(new Error('draining'));
    await expect(answer).rejects.toThrow('draining');
  });
});

// RFC 9110, section 10.2.3, has both forms and the date's example.
test.each([
  ['120', 120_000],
  ['0', 0],
  ['99999999999', 99_999_999_999_000],
  ['Fri, 01 May 2026 00:00:30 GMT', 30_000],
  ['Fri, 31 Dec 1999 23:59:59 GMT', 0],
  ['soon', null],
  ['-5', null],
  ['1.5', null],
])('Retry-After "%s" is a wait of %s ms', (value, waitMs) => {
  expect(parseRetryAfterMs(value, now)).toBe(waitMs);
});
