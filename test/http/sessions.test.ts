/** Sessions of the page, asked of the real port: in by a token, by the cookie, out; what runs out; what another site can't send. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import { createSessions } from '../../src/http/sessions.ts';
import type { ServiceView } from '../../src/http/view.ts';
import { cannedService, silentLogger } from './canned-view.ts';
import { type Answer, ask } from './request.ts';

const VIEWER = 'viewer-c0ffee5eed0ddba11';
const OPERATOR = 'operator-c0ffee5eed0ddba11';
const BRIEF = 'brief-c0ffee5eed0ddba11';
const HOUR = 3_600_000;
const LEVER = '/api/v1/levers/a';
type Command = Parameters<ServiceView['commanded']>[0];

let server: HttpServer;
let now = 0;
const commands: Command[] = [];
let pulled = 0;

const levers = [
  {
    method: 'POST',
    path: '/api/v1/levers/:lever',
    role: 'operator',
    operation: { summary: 'Pulls a lever', responses: {} },
    answer() {
      pulled += 1;
      return new Response('{}');
    },
  },
] as const;

beforeAll(async () => {
  const { view } = cannedService();
  server = await startHttp({
    view: { ...view, commanded: (command) => commands.push(command) },
    host: '0.0.0.0',
    port: 0,
    logger: silentLogger,
    nowMs: () => now,
    sessionAgeMs: 12 * HOUR,
    credentials: [
      { name: 'vera', role: 'viewer', token: VIEWER },
      { name: 'otto', role: 'operator', token: OPERATOR },
      { name: 'bea', role: 'operator', token: BRIEF, expiresAtMs: HOUR },
    ],
    domainRoutes: () => levers,
  });
});
afterAll(() => server.close());
beforeEach(() => {
  now = 0;
  pulled = 0;
  commands.length = 0;
});

const login = (body: string, headers: Record<string, string> = {}) =>
  ask(server.url, '/api/v1/session', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length), ...headers },
  });
const said = ({ text }: Answer) => JSON.parse(text) as Record<string, unknown>;
const setCookie = ({ headers }: Answer): string => headers['set-cookie']?.[0] ?? '';

/** As a browser has it afterwards: the cookie, and what the page reads of the session. */
async function loggedIn(token: string): Promise<{ cookie: string; csrf: string }> {
  const answer = await login(JSON.stringify({ token }));
  expect(answer.status).toBe(200);
  return { cookie: setCookie(answer).split(';')[0] ?? '', csrf: String(said(answer).csrf) };
}
const get = (path: string, headers: Record<string, string> = {}) => ask(server.url, path, { headers });
const pull = async (headers: Record<string, string>) => {
  const answer = await ask(server.url, LEVER, { method: 'POST', body: '{}', headers });
  return [answer.status, answer.status === 200 ? '' : said(answer).error];
};

describe('logging in', () => {
  test('by a token gives a cookie that no script reads and no other site sends, and that opens what the token opens', async () => {
    const answer = await login(JSON.stringify({ token: VIEWER }));
    expect(setCookie(answer)).toMatch(
      /^millrace_session_\d+=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(setCookie(answer)).toContain(`_${server.port}=`);
    expect(said(answer)).toEqual({ name: 'vera', role: 'viewer', expiresAt: 12 * HOUR, csrf: expect.any(String) });
    const { cookie } = await loggedIn(VIEWER);
    expect((await get('/api/v1/overview')).status).toBe(401);
    expect((await get('/api/v1/overview', { cookie })).status).toBe(200);
    expect((await get('/api/v1/overview', { cookie: `a=b; ${cookie}; c=d` })).status).toBe(200);
    expect(said(await get('/api/v1/session', { cookie }))).toMatchObject({ name: 'vera', role: 'viewer' });
    expect(said(await get('/api/v1/session'))).toEqual({ name: null, role: 'anyone', expiresAt: null, csrf: null });
  });

  test('over an encrypted connection gives a cookie that goes over no other', async () => {
    const answer = await login(JSON.stringify({ token: VIEWER }), { 'x-forwarded-proto': 'https' });
    expect(setCookie(answer)).toMatch(/; SameSite=Strict; Secure$/);
  });

  test('with a wrong token, one that has run out, or what is no token, opens nothing and says why', async () => {
    now = HOUR;
    const outcomes = [];
    for (const [body, type] of [
      [JSON.stringify({ token: 'guess' }), 'application/json'],
      [JSON.stringify({ token: BRIEF }), 'application/json'],
      [JSON.stringify({ token: 7 }), 'application/json'],
      [`{"token":"${'x'.repeat(5_000)}"}`, 'application/json'],
      [JSON.stringify({ token: OPERATOR }), 'text/plain'],
      ['token', 'application/json'],
    ] as const) {
      const answer = await login(body, { 'content-type': type });
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(answer.headers['www-authenticate']).toBeUndefined();
      outcomes.push([answer.status, said(answer).error]);
    }
    expect(outcomes).toEqual([
      [401, 'token-wrong'],
      [401, 'token-expired'],
      [400, 'bad-body'],
      [400, 'bad-body'],
      [400, 'bad-body'],
      [400, 'bad-body'],
    ]);
    expect(commands.map(({ by, status }) => [by, status])).toEqual([
      ['nobody', 401],
      ['nobody', 401],
    ]);
  });

  test('is where a browser is sent that may see nothing, and from where it comes back', async () => {
    const html = { accept: 'text/html,application/xhtml+xml' };
    const sent = await get('/cases/c-1?a=b', html);
    expect([sent.status, sent.headers.location]).toEqual([303, '../login?next=%2Fcases%2Fc-1%3Fa%3Db']);
    expect((await get('/', html)).headers.location).toBe('login?next=%2F');
    const page = await get('/login', html);
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('id="token"')]);
    for (const [, asset = ''] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect([asset, (await get(`/${asset}`)).status]).toEqual([asset, 200]);
    }
  });

  test('a page that asks by itself is not answered so that the browser asks for a password', async () => {
    const challenged = async (accept: string) =>
      (await get('/api/v1/overview', { accept })).headers['www-authenticate'];
    expect(await challenged('application/json')).toMatch(/^Bearer/);
    expect(await challenged('text/event-stream')).toMatch(/^Bearer/);
    expect(await challenged('*/*')).toMatch(/^Basic/);
  });
});

describe('a session', () => {
  test('does nothing without the word that only the page has read: another site can send the cookie, and not that', async () => {
    const { cookie, csrf } = await loggedIn(OPERATOR);
    const other = await loggedIn(OPERATOR);
    expect(await pull({ cookie })).toEqual([403, 'csrf']);
    expect(await pull({ cookie, 'x-csrf-token': 'guess' })).toEqual([403, 'csrf']);
    expect(await pull({ cookie, 'x-csrf-token': other.csrf })).toEqual([403, 'csrf']);
    expect(await pull({ cookie, 'x-csrf-token': csrf, origin: 'https://evil.example' })).toEqual([
      403,
      'origin-not-allowed',
    ]);
    expect(pulled).toBe(0);
    expect(await pull({ cookie, 'x-csrf-token': csrf })).toEqual([200, '']);
    // A header goes along only if somebody has written it.
    expect(await pull({ cookie, authorization: `Bearer ${OPERATOR}` })).toEqual([200, '']);
    expect(pulled).toBe(2);
  });

  test('of a viewer posts nothing, with the word neither', async () => {
    const { cookie, csrf } = await loggedIn(VIEWER);
    expect(await pull({ cookie, 'x-csrf-token': csrf })).toEqual([403, 'role-required']);
    expect(pulled).toBe(0);
    expect(commands.at(-1)).toEqual({ by: 'vera', method: 'POST', path: LEVER, status: 403 });
  });

  test('is over after its age, and no later than its token', async () => {
    const [long, brief] = [await loggedIn(OPERATOR), await loggedIn(BRIEF)];
    now = HOUR - 1;
    expect(await pull({ cookie: brief.cookie, 'x-csrf-token': brief.csrf })).toEqual([200, '']);
    now = HOUR;
    expect(await pull({ cookie: brief.cookie, 'x-csrf-token': brief.csrf })).toEqual([401, 'token-required']);
    now = 12 * HOUR - 1;
    expect((await get('/api/v1/overview', { cookie: long.cookie })).status).toBe(200);
    now = 12 * HOUR;
    expect((await get('/api/v1/overview', { cookie: long.cookie })).status).toBe(401);
    now = 0;
    expect((await get('/api/v1/overview', { cookie: long.cookie })).status).toBe(401);
  });

  test('ends by logging out, and with it the live events that it follows; both are noted with the name', async () => {
    const { cookie, csrf } = await loggedIn(VIEWER);
    const live = await fetch(`http://127.0.0.1:${server.port}/events`, { headers: { cookie } });
    expect(live.status).toBe(200);
    const out = (headers: Record<string, string>) =>
      ask(server.url, '/api/v1/session', { method: 'DELETE', headers: { cookie, ...headers } });
    expect(said(await out({})).error).toBe('csrf');
    const answer = await out({ 'x-csrf-token': csrf });
    expect([answer.status, setCookie(answer)]).toEqual([200, expect.stringMatching(/=; Path=\/; Max-Age=0;/)]);
    expect(await live.text()).toContain('event: hello');
    expect((await get('/api/v1/overview', { cookie })).status).toBe(401);
    expect(commands.map(({ by, method, status }) => [by, method, status])).toEqual([
      ['vera', 'POST', 200],
      ['vera', 'DELETE', 200],
    ]);
  });

  test('is another one after each login, and the one before is over', async () => {
    const first = await loggedIn(VIEWER);
    const again = await login(JSON.stringify({ token: OPERATOR }), {
      cookie: first.cookie,
      'x-csrf-token': first.csrf,
    });
    expect(said(again)).toMatchObject({ name: 'otto' });
    expect(setCookie(again)).not.toContain(first.cookie);
    expect((await get('/api/v1/overview', { cookie: first.cookie })).status).toBe(401);
  });
});

test('so many sessions are open at most: one more ends the oldest', () => {
  const sessions = createSessions({ isOn: true, ageMs: HOUR, nowMs: () => 0 });
  const ids = Array.from({ length: 1_001 }, () => sessions.open({ role: 'viewer', token: VIEWER }).id);
  expect([sessions.find(ids[0]), sessions.find(ids[1])?.credential.role]).toEqual([undefined, 'viewer']);
  sessions.stop();
  expect(sessions.find(ids[1])).toBeUndefined();
});
