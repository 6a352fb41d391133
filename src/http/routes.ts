/**
 * The router: every path of the HTTP port is an entry of one list, and answered from the service's view.
 * Invariant: access is judged before anything else, and 2xx for an ingest means that its events are on disk.
 */

import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { StoreIsOff } from '../projections/store.ts';
import { type AccessPolicy, credentialOf, judgeOrigin, judgeRole } from './access.ts';
import type { BodyBudget } from './body-budget.ts';
import { explainRoutes } from './explain-routes.ts';
import { featureRoutes } from './feature-routes.ts';
import type { LiveHub } from './live-hub.ts';
import type { HttpLogger } from './logger.ts';
import { openApi } from './openapi.ts';
import { operationRoutes } from './operation-routes.ts';
import { overviewRoutes } from './overview-routes.ts';
import { problemResponse } from './problem.ts';
import { noSuchPath, storeIsOff } from './refusals.ts';
import { resultRoutes } from './result-routes.ts';
import { isAtLeast, type Role, type Route, type RouteContext } from './route.ts';
import { pageRoutes, type StaticFile, staticRoutes } from './static-files.ts';
import { streamRoutes } from './stream-routes.ts';
import { streamTableRoutes } from './stream-table-routes.ts';
import { tableRoutes } from './table-routes.ts';
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
}

/** All there are, in the order in which they match. */
export function allRoutes(options: RoutesOptions): readonly Route[] {
  const { view, hub, deadlineMs } = options;
  const routes: readonly Route[] = [
    ...staticRoutes(options.files),
    ...overviewRoutes(view, hub),
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

type App = Hono<{ Bindings: HttpBindings }>;

export function createRouter(
  routes: readonly Route[],
  policy: AccessPolicy,
  { view, logger }: { readonly view: Pick<ServiceView, 'answered' | 'commanded'>; readonly logger: HttpLogger },
): App {
  const app: App = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (c, next) => {
    const refused = judgeOrigin(c.env.incoming.headers.host, c.req.header('origin'), policy);
    return refused === null ? await next() : problemResponse(refused);
  });
  const judge = (c: RouteContext, needed: Role) => judgeRole(needed, c.req.header('authorization'), policy, Date.now());
  for (const { method, path, role, operation, answer } of routes) {
    const isCommand = isAtLeast(role, 'operator') && !path.startsWith(INTAKE);
    // The files of the page are one route to whoever counts.
    const route = operation === null ? 'page' : path;
    app.on(method, path, async (c) => {
      const startMs = performance.now();
      const refused = judge(c, role);
      const answered = refused === null ? await answer(c) : problemResponse(refused);
      if (answered !== RESPONSE_ALREADY_SENT)
        view.answered({ method, route, status: answered.status }, (performance.now() - startMs) / 1000);
      if (isCommand && method !== 'GET') {
        const by = credentialOf(c.req.header('authorization'), policy)?.name ?? 'nobody';
        view.commanded({ by, method, path: c.req.path, status: answered.status });
      }
      return answered;
    });
  }
  // Whoever may see nothing is not told what there is.
  app.notFound((c) => {
    const { method, path } = c.req;
    const refused = judge(c, method === 'GET' || method === 'HEAD' ? 'viewer' : 'operator');
    return problemResponse(refused ?? noSuchPath(method, path));
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
