/** Each route says which role it needs, and whoever has a lower one is refused by it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBodyBudget } from '../../src/http/body-budget.ts';
import { createLiveHub } from '../../src/http/live-hub.ts';
import { ROLES, type Role } from '../../src/http/route.ts';
import { allRoutes } from '../../src/http/routes.ts';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import { createSessions } from '../../src/http/sessions.ts';
import { loadStaticFiles } from '../../src/http/static-files.ts';
import { cannedRoutes, cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

const { view } = cannedService();
const hub = createLiveHub({ subscribe: () => () => {}, epoch: 'test' });
const sessions = createSessions({ isOn: true, ageMs: 1_000, nowMs: () => 0 });
const routes = allRoutes({
  access: { policy: { bindHost: '127.0.0.1', allowedHosts: [], credentials: [] }, sessions, nowMs: () => 0 },
  view,
  hub,
  domainRoutes: cannedRoutes,
  files: loadStaticFiles(),
  version: '0',
  logger: silentLogger,
  deadlineMs: 1_000,
  ingestDeadlineMs: 1_000,
  budget: createBodyBudget(1_000_000),
});
const tokenOf = (role: Role) => `${role}-c0ffee5eed0ddba11`;

describe('roles', () => {
  let server: HttpServer;
  beforeAll(async () => {
    const credentials = ROLES.map((role) => ({ token: tokenOf(role), role }));
    server = await startHttp({
      view,
      domainRoutes: cannedRoutes,
      host: '127.0.0.1',
      port: 0,
      token: 'the-one-0f-the-file',
      credentials,
      logger: silentLogger,
    });
  });
  afterAll(async () => {
    hub.close();
    await server.close();
  });

  const statusAs = async (token: string, method: string, path: string): Promise<number> => {
    const real = path
      .replace(':stream', 'payments.transactions')
      .replace(':key', 'a')
      .replace(':case', 'c-1')
      .replace(/\/query$/, '/query?store=sqlite&sql=SELECT%201');
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: path === '/*' ? 'text/html' : '*/*',
    };
    // A HEAD ends where a GET of events would not.
    const answer = await ask(server.url, real, {
      method: method === 'GET' ? 'HEAD' : method,
      headers,
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
    return answer.status;
  };

  test('every route has one, in its description too', async () => {
    expect(routes.length).toBeGreaterThan(20);
    for (const { role } of routes) expect(ROLES).toContain(role);
    const { paths } = JSON.parse((await ask(server.url, '/openapi.json')).text) as {
      paths: Record<string, Record<string, Record<string, unknown>>>;
    };
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => [`${method} ${path}`, operation['x-role']]),
    );
    const declared = routes
      .filter(({ operation }) => operation !== null)
      .map(({ method, path, role }) => [`${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`, role]);
    expect(new Map(described as [string, unknown][])).toEqual(new Map(declared as [string, unknown][]));
    expect(described).toHaveLength(declared.length);
  });

  test('what only reads needs a viewer, what changes something at least an operator', () => {
    for (const { method, path, role } of routes) {
      if (path === '/api/v1/session') expect([method, role]).toEqual([method, 'anyone']);
      else if (method === 'GET') expect([path, ['anyone', 'viewer'].includes(role)]).toEqual([path, true]);
      else expect([path, ['operator', 'admin'].includes(role)]).toEqual([path, true]);
    }
    const forAnyone = new Set(routes.filter(({ role }) => role === 'anyone').map(({ path }) => path));
    const others = [...forAnyone].filter((path) => !path.startsWith('/assets/'));
    expect(others).toEqual(['/api/v1/session', '/healthz', '/readyz', '/login']);
  });

  test('the role is let in, the one below is told 403 and which role it takes', async () => {
    for (const { method, path, role } of routes) {
      // Its tests: sessions.test.ts; and files are many.
      if (path === '/api/v1/session' || path.startsWith('/assets/')) continue;
      const at = ROLES.indexOf(role);
      for (const granted of ROLES) {
        const status = await statusAs(tokenOf(granted), method, path);
        const expected = ROLES.indexOf(granted) < at ? 403 : 200;
        expect([method, path, granted, status]).toEqual([method, path, granted, expected]);
      }
      expect(await statusAs('the-one-0f-the-file', method, path)).toBe(200);
    }
    const refused = await ask(server.url, '/api/v1/streams/payments.transactions/events', {
      method: 'POST',
      headers: { authorization: `Bearer ${tokenOf('viewer')}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(JSON.parse(refused.text)).toMatchObject({ error: 'role-required', needed: 'operator', role: 'viewer' });
  });

  test('what is not there is not told to whoever may see nothing', async () => {
    expect(await statusAs(tokenOf('anyone'), 'GET', '/nowhere')).toBe(403);
    expect(await statusAs(tokenOf('viewer'), 'GET', '/nowhere')).toBe(404);
    expect(await statusAs(tokenOf('viewer'), 'POST', '/nowhere')).toBe(403);
  });
});
