/** Host, Origin, token and headers, asked of the real server as a hostile page or machine would. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { httpSection } from '../../src/config/sections/http.ts';
import { type HttpServer, isHttpStartError, startHttp } from '../../src/http/server.ts';
import { type CannedService, cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

let service: CannedService;
let server: HttpServer;

beforeEach(async () => {
  service = cannedService();
  server = await startHttp({ view: service.view, host: '127.0.0.1', port: 0, logger: silentLogger });
});
afterEach(() => server.close());

const EVENTS = '/api/v1/streams/payments.transactions/events';
const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  ask(server.url, EVENTS, { method: 'POST', body, headers: { 'content-type': 'application/x-ndjson', ...headers } });
/** The keys that the pipeline file has. */
const loadKeys = () => ({ http: Object.keys(httpSection.schema.parse({})) });
const STRONG = 'c0ffee5eed0ddba11';
const errorOf = (text: string) => JSON.parse(text) as { error: string; message: string; hint: string };

describe('who may ask', () => {
  test.each(['evil.example', 'evil.example:7070', '10.0.0.1:7070', 'localhost.evil.example', 'localhost@evil.example'])(
    'a Host of %s is refused with 403, on every path',
    async (host) => {
      for (const path of ['/', '/api/v1/overview', '/metrics', '/events', '/healthz', '/nowhere']) {
        const answer = await ask(server.url, path, { headers: { host } });
        expect([path, answer.status]).toEqual([path, host.includes('@') ? 400 : 403]);
      }
    },
  );

  test.each(['localhost', 'localhost:9999', '127.0.0.1:1', '[::1]:7070'])('a Host of %s is answered', async (host) => {
    expect((await ask(server.url, '/healthz', { headers: { host } })).status).toBe(200);
  });

  test.each(['localhost.', 'LOCALHOST:80', 'localhost.:7070'])('so is a Host of %s', async (host) => {
    expect((await ask(server.url, '/healthz', { headers: { host } })).status).toBe(200);
  });

  test.each(['[::1', '::1', '[::1%25lo]', '[127.0.0.1]', '2130706433', '0x7f.1', 'localhost..'])(
    'a Host of %j is no other form of loopback',
    async (host) => {
      expect([400, 403]).toContain((await ask(server.url, '/healthz', { headers: { host } })).status);
    },
  );

  test('names under http.hosts are answered, however they are written; a refusal names that key', async () => {
    const hosts = ['Proxy.Example.', '2001:DB8:0:0::1'];
    const behind = await startHttp({ view: service.view, host: '127.0.0.1', port: 0, hosts, logger: silentLogger });
    try {
      for (const host of ['proxy.example', 'PROXY.example.:443', '[2001:db8::1]:8080']) {
        expect([host, (await ask(behind.url, '/healthz', { headers: { host } })).status]).toEqual([host, 200]);
      }
      const refused = await ask(behind.url, '/healthz', { headers: { host: 'other.example' } });
      expect(errorOf(refused.text).hint).toContain('`http.hosts`');
      expect(loadKeys().http).toContain('hosts');
    } finally {
      await behind.close();
    }
  });

  test('another origin is refused with 403, and nothing is ingested', async () => {
    for (const origin of ['https://evil.example', 'http://localhost:3000', 'null', 'http://127.0.0.1']) {
      const answer = await post('{}', { origin });
      expect([origin, answer.status, errorOf(answer.text).error]).toEqual([origin, 403, 'origin-not-allowed']);
    }
    expect(service.ingested).toEqual([]);
  });

  test('the same origin, or none, may post on loopback', async () => {
    expect((await post('{}', { origin: server.url.slice(0, -1) })).status).toBe(200);
    expect((await post('{}')).status).toBe(200);
  });

  test('with a token a post needs it, by Bearer or as the password of Basic, and reads on loopback do not', async () => {
    const guarded = await startHttp({
      view: service.view,
      host: '127.0.0.1',
      port: 0,
      token: 's3cret',
      logger: silentLogger,
    });
    try {
      const send = async (authorization?: string) => {
        const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
        return (await ask(guarded.url, EVENTS, { method: 'POST', body: '{}', headers })).status;
      };
      expect(await send()).toBe(401);
      expect(await send('Bearer s3cre')).toBe(401);
      expect(await send('Bearer s3cret!')).toBe(401);
      expect(await send(`Basic ${btoa('me:wrong')}`)).toBe(401);
      expect(service.ingested).toEqual([]);
      expect(await send('Bearer s3cret')).toBe(200);
      expect(await send(`Basic ${btoa('me:s3cret')}`)).toBe(200);
      expect((await ask(guarded.url, '/api/v1/overview')).status).toBe(200);
    } finally {
      await guarded.close();
    }
  });

  test('beyond loopback it refuses to start without a token, and reads need it too', async () => {
    for (const token of [undefined, '', 'a', 's3cret', 'passwordpassword', 'a'.repeat(64)]) {
      const error: unknown = await startHttp({
        view: service.view,
        host: '0.0.0.0',
        port: 0,
        logger: silentLogger,
        ...(token === undefined ? {} : { token }),
      }).catch((reason: unknown) => reason);
      expect(isHttpStartError(error) && error.kind).toBe('token-required');
    }
    const open = await startHttp({ view: service.view, host: '0.0.0.0', port: 0, token: STRONG, logger: silentLogger });
    try {
      const status = async (path: string, headers: Record<string, string> = {}) =>
        (await ask(open.url, path, { headers })).status;
      expect(await status('/api/v1/alerts')).toBe(401);
      expect(await status('/metrics')).toBe(401);
      expect(await status('/events')).toBe(401);
      expect(await status('/healthz')).toBe(200);
      expect(await status('/api/v1/alerts', { authorization: `Bearer ${STRONG}`, host: '10.1.2.3:7070' })).toBe(200);
      expect(await status('/api/v1/alerts', { authorization: `Bearer ${STRONG}`, host: 'evil.example' })).toBe(403);
    } finally {
      await open.close();
    }
  });

  test('every answer, a refusal too, forbids inline script, framing and sniffing, and allows no other origin', async () => {
    for (const path of ['/', '/api/v1/overview', '/nowhere', '/api/v1/alerts?limit=x']) {
      const { headers } = await ask(server.url, path);
      expect(headers['content-security-policy']).toMatch(/default-src 'self';.*frame-ancestors 'none'/);
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});
