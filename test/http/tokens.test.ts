/** Tokens of the pipeline file, asked of the real port: what each may do, until when, and that a command leaves a note. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import type { ServiceView } from '../../src/http/view.ts';
import { cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

const VIEWER = 'viewer-c0ffee5eed0ddba11';
const OPERATOR = 'operator-c0ffee5eed0ddba11';
const OLD = 'expired-c0ffee5eed0ddba11';
const EVENTS = '/api/v1/streams/payments.transactions/events';
type Command = Parameters<ServiceView['commanded']>[0];

let server: HttpServer;
const commands: Command[] = [];
const done: string[] = [];

beforeAll(async () => {
  const { view } = cannedService();
  server = await startHttp({
    view: { ...view, commanded: (command) => commands.push(command) },
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    credentials: [
      { name: 'grafana', role: 'viewer', token: VIEWER, expiresAtMs: null },
      { name: 'ops', role: 'operator', token: OPERATOR, expiresAtMs: Date.now() + 3_600_000 },
      { name: 'left', role: 'admin', token: OLD, expiresAtMs: Date.now() - 1 },
    ],
    domainRoutes: () => [
      {
        method: 'POST',
        path: '/api/v1/levers/:lever',
        role: 'operator',
        operation: { summary: 'Pulls a lever', responses: {} },
        answer(c) {
          done.push(c.req.path);
          return c.json({ pulled: true });
        },
      },
    ],
  });
});
afterAll(() => server.close());

const asked = async (method: string, path: string, token: string | null, headers: Record<string, string> = {}) => {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const body = method === 'POST' ? { body: '{}' } : {};
  const type = { 'content-type': 'application/x-ndjson' };
  const { status, text } = await ask(server.url, path, {
    method,
    ...body,
    headers: { ...type, ...authorization, ...headers },
  });
  return [status, status < 300 ? '' : JSON.parse(text).error];
};

describe('a token', () => {
  test('of a viewer reads, and what it posts is refused and not done', async () => {
    expect(await asked('GET', '/api/v1/overview', VIEWER)).toEqual([200, '']);
    expect(await asked('POST', EVENTS, VIEWER)).toEqual([403, 'role-required']);
    expect(await asked('POST', '/api/v1/levers/a', VIEWER)).toEqual([403, 'role-required']);
    expect(done).toEqual([]);
  });

  test('that has run out is refused with those words, for reading too; the probes need none', async () => {
    expect(await asked('POST', '/api/v1/levers/a', OLD)).toEqual([401, 'token-expired']);
    expect(await asked('GET', '/api/v1/overview', OLD)).toEqual([401, 'token-expired']);
    expect(await asked('GET', '/healthz', OLD)).toEqual([200, '']);
    expect(done).toEqual([]);
  });

  test('does not help a page of another site', async () => {
    expect(await asked('POST', '/api/v1/levers/a', OPERATOR, { origin: 'https://evil.example' })).toEqual([
      403,
      'origin-not-allowed',
    ]);
    expect(done).toEqual([]);
  });
});

describe('a command', () => {
  test('is noted with whose token it was and what was answered, whether it was done or refused; events are not', async () => {
    commands.length = 0;
    expect(await asked('POST', '/api/v1/levers/b', OPERATOR)).toEqual([200, '']);
    await asked('POST', '/api/v1/levers/c', VIEWER);
    await asked('POST', '/api/v1/levers/d', null);
    await asked('POST', EVENTS, OPERATOR);
    await asked('GET', '/api/v1/overview', OPERATOR);
    expect(commands).toEqual([
      { by: 'ops', method: 'POST', path: '/api/v1/levers/b', status: 200 },
      { by: 'grafana', method: 'POST', path: '/api/v1/levers/c', status: 403 },
      { by: 'nobody', method: 'POST', path: '/api/v1/levers/d', status: 401 },
    ]);
    expect(done).toEqual(['/api/v1/levers/b']);
  });
});
