/**
 * The router: every path of the HTTP port is an entry of one list, and answered from the service's view.
 * Invariant: access is judged before anything else, and 2xx for an ingest means that its events are on disk.
 */

import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { StoreIsOff } from '../projections/store.ts';
import type { Tracing } from '../tracing/port.ts';
import { type AccessPolicy, type Caller, callerOf, judgeForgery, judgeOrigin, judgeRole } from './access.ts';
import type { BodyBudget } from './body-budget.ts';
import { explainRoutes } from './explain-routes.ts';
import { featureRoutes } from './feature-routes.ts';
import type { LiveHub } from './live-hub.ts';
import type { HttpLogger } from './logger.ts';
import { openApi } from './openapi.ts';
import { operationRoutes } from './operation-routes.ts';
import { overviewRoutes } from './overview-routes.ts';
import { type Problem, problemResponse } from './problem.ts';
import { noSuchPath, storeIsOff } from './refusals.ts';
import { resultRoutes } from './result-routes.ts';
import { type HttpEnv, isAtLeast, type Role, type Route, type RouteContext } from './route.ts';
import { idOf, sessionRoutes } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { pageRoutes, type StaticFile, staticRoutes } from './static-files.ts';
import { streamRoutes } from './stream-routes.ts';
import { streamTableRoutes } from './stream-table-routes.ts';
import { tableRoutes } from './table-routes.ts';
import { requestSpan } from './traced-request.ts';
import type { ServiceView } from './view.ts';

export interface RoutesOptions {
  readonly view: ServiceView;
  readonly hub: LiveHub;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly version: string;
  readonly logger: HttpLogger;
  /** Of request bodies that are read or worked on. */
  readonly budget: BodyBudget;
  /** Of a read. */
  readonly deadlineMs: number;
  readonly ingestDeadlineMs: number;
  /** What domains answer beside what every service does, within the deadline of a read. */
  readonly domainRoutes?: (deadlineMs: number) => readonly Route[];
  readonly access: Access;
}

/** Who may ask, and how that is known. */
export interface Access {
  readonly policy: AccessPolicy;
  readonly sessions: Sessions;
  /** Epoch ms. */
  readonly nowMs: () => number;
}

/** All there are, in the order in which they match. */
export function allRoutes(options: RoutesOptions): readonly Route[] {
  const { view, hub, deadlineMs, access } = options;
  const routes: readonly Route[] = [
    ...staticRoutes(options.files),
    ...sessionRoutes({
      ...access,
      callerOf: (c) => callerIn(c, access),
      noted: (by, c, status) => view.commanded({ by, method: c.req.method, path: c.req.path, status }),
    }),
    ...overviewRoutes(view, hub, access.sessions.isOn),
    ...tableRoutes(view, deadlineMs),
    ...explainRoutes(view),
    ...resultRoutes(options),
    ...(options.domainRoutes?.(deadlineMs) ?? []),
    ...streamRoutes(options),
    ...streamTableRoutes(view, deadlineMs),
    ...featureRoutes(view, deadlineMs),
    ...operationRoutes({ view, hub, openApi: () => openApi(options.version, routes) }),
    ...pageRoutes(view.pipeline().pageModules),
  ];
  return routes;
}

/** Events that come in are no commands; they are in the journal themselves. */
const INTAKE = '/api/v1/streams/';

type App = Hono<HttpEnv>;

export function createRouter(
  routes: readonly Route[],
  access: Access,
  {
    view,
    logger,
    tracing,
  }: {
    readonly view: Pick<ServiceView, 'answered' | 'commanded'>;
    readonly logger: HttpLogger;
    readonly tracing: Tracing | null;
  },
): App {
  const { policy, sessions, nowMs } = access;
  const app: App = new Hono<HttpEnv>();
  app.use(async (c, next) => {
    const refused = judgeOrigin(c.env.incoming.headers.host, c.req.header('origin'), policy);
    return refused === null ? await next() : problemResponse(refused);
  });
  const judge = (c: RouteContext, caller: Caller, needed: Role) =>
    judgeRole(needed, caller, policy, nowMs()) ?? judgeForgery(c.req.method, caller, c.req.header('x-csrf-token'));
  for (const { method, path, role, operation, answer } of routes) {
    const isCommand = isAtLeast(role, 'operator') && !path.startsWith(INTAKE);
    // The files of the page are one route to whoever counts.
    const route = operation === null ? 'page' : path;
    app.on(method, path, async (c) => {
      const startMs = performance.now();
      const caller = callerIn(c, access);
      const refused = judge(c, caller, role);
      const span = tracing === null || operation === null ? null : requestSpan(tracing, c, route);
      const answered = refused === null ? await answer(c) : refusal(c, refused);
      if (answered !== RESPONSE_ALREADY_SENT) span?.end(answered.status);
      if (answered === RESPONSE_ALREADY_SENT) endWithSession(c, caller, sessions);
      else view.answered({ method, route, status: answered.status }, (performance.now() - startMs) / 1000);
      if (isCommand && method !== 'GET') {
        const by = caller.credential?.name ?? 'nobody';
        view.commanded({ by, method, path: c.req.path, status: answered.status });
      }
      return answered;
    });
  }
  // Whoever may see nothing is not told what there is.
  app.notFound((c) => {
    const { method, path } = c.req;
    const refused = judge(c, callerIn(c, access), method === 'GET' || method === 'HEAD' ? 'viewer' : 'operator');
    return refused === null ? problemResponse(noSuchPath(method, path)) : refusal(c, refused);
  });
  app.onError((error, c) => {
    if (error instanceof StoreIsOff) return problemResponse(storeIsOff(error));
    logger.error({ err: error, method: c.req.method, path: c.req.path }, 'an HTTP request failed');
    return problemResponse({
      status: 500,
      error: 'internal',
      message: 'The server failed to answer this request.',
      hint: 'The reason is in the log of the service.',
    });
  });
  return app;
}

function callerIn(c: RouteContext, { policy, sessions }: Access): Caller {
  return callerOf(c.req.header('authorization'), sessions.find(idOf(c)), policy);
}

/** An answer without an end is over when its session is. */
function endWithSession(c: RouteContext, { session }: Caller, sessions: Sessions): void {
  if (session === undefined) return;
  const { outgoing } = c.env;
  outgoing.once(
    'close',
    sessions.whenEnded(session, () => outgoing.end()),
  );
}

/**
 * A person who opens a page is sent to log in, from where one comes back. What a page asks by itself must not make the
 * browser ask for a name and a password, as it does when it is challenged by Basic.
 */
function refusal(c: RouteContext, refused: Problem): Response {
  if (refused.status !== 401) return problemResponse(refused);
  const { method, path } = c.req;
  if (method === 'GET' && /\btext\/html\b/.test(c.req.header('accept') ?? '')) {
    // Relative: a proxy may serve all of it below a path of its own.
    const up = '../'.repeat(path.split('/').length - 2);
    const { search } = new URL(c.req.url);
    return c.redirect(`${up}login?next=${encodeURIComponent(path + search)}`, 303);
  }
  if (!/^(?:application\/json|text\/event-stream)$/.test(c.req.header('accept') ?? '')) return problemResponse(refused);
  return problemResponse({ ...refused, headers: { 'www-authenticate': 'Bearer realm="Millrace"' } });
}
