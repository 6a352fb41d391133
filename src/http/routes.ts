/**
 * Every path of the HTTP port, answered from the service's view.
 * Invariant: access is judged before anything else, and 2xx for an ingest means that its events are on disk.
 */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { type AccessPolicy, judgeAccess } from './access.ts';
import type { BodyBudget } from './body-budget.ts';
import { DEADLINE, withDeadline } from './deadline.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { answerIngest } from './ingest-route.ts';
import type { LiveHub } from './live-hub.ts';
import type { HttpLogger } from './logger.ts';
import { openApi } from './openapi.ts';
import { type Problem, problemResponse } from './problem.ts';
import { createReadingTurns } from './reading-turns.ts';
import {
  badParameter,
  ILL_FORMED_KEY,
  ingestProblem,
  noSuchPath,
  noTable,
  OUTCOME_UNKNOWN,
  TOO_MANY_CLIENTS,
  TOO_SLOW,
  unknownKey,
  unknownStream,
} from './refusals.ts';
import { resultRoutes } from './result-routes.ts';
import { type StaticFile, staticResponse } from './static-files.ts';
import { TABLES, type Table, toCsv } from './tables.ts';
import type { Row, ServiceView, StreamTableInfo } from './view.ts';

export interface RoutesOptions {
  readonly view: ServiceView;
  readonly policy: AccessPolicy;
  readonly hub: LiveHub;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly version: string;
  readonly logger: HttpLogger;
  /** Of request bodies that are read or worked on. */
  readonly budget: BodyBudget;
  /** Of a read. */
  readonly deadlineMs: number;
  readonly ingestDeadlineMs: number;
}

type App = Hono<{ Bindings: HttpBindings }>;
type AppContext = Context<{ Bindings: HttpBindings }>;

export function createRoutes(options: RoutesOptions): App {
  const app: App = new Hono<{ Bindings: HttpBindings }>();
  const { view, policy, logger } = options;

  app.use(async (c, next) => {
    const refused = judgeAccess(
      {
        method: c.req.method,
        path: c.req.path,
        host: c.env.incoming.headers.host,
        origin: c.req.header('origin'),
        authorization: c.req.header('authorization'),
      },
      policy,
    );
    if (refused !== null) return problemResponse(refused);
    return await next();
  });
  app.notFound((c) => problemResponse(noSuchPath(c.req.method, c.req.path)));
  app.onError((error, c) => {
    logger.error({ err: error, method: c.req.method, path: c.req.path }, 'an HTTP request failed');
    return problemResponse({
      status: 500,
      error: 'internal',
      message: 'The server failed to answer this request.',
      hint: 'The reason is in the log of the service.',
    });
  });

  for (const [path, file] of options.files) {
    app.get(path, (c) => staticResponse(file, c.req.header('if-none-match'), c.req.header('accept-encoding') ?? ''));
  }
  app.get('/api/v1/overview', (c) => {
    c.header('x-event-id', options.hub.position());
    return uncached(c, view.overview());
  });
  app.get('/api/v1/actors', (c) => uncached(c, view.actors()));
  for (const table of TABLES) {
    const read = (limit: number) => view.rows(table.name, { limit });
    app.get(`/api/v1/${table.path}`, (c) => answerRows(c, table, read, options.deadlineMs));
  }
  resultRoutes(app, options);
  streamRoutes(app, options);
  streamTableRoutes(app, options);
  app.get('/events', (c) => {
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    if (options.hub.attach(c.env.outgoing, c.req.header('last-event-id') ?? c.req.query('lastEventId')))
      return RESPONSE_ALREADY_SENT;
    return problemResponse(TOO_MANY_CLIENTS);
  });
  operationRoutes(app, options);
  return app;
}

function streamRoutes(app: App, { view, budget, logger, ingestDeadlineMs }: RoutesOptions): void {
  app.get('/api/v1/streams', (c) =>
    uncached(
      c,
      view.streams().map(({ name, partitions, source, table }) => ({
        name,
        partitions,
        source,
        schema: `${pathOf(name)}/schema`,
        rows: table === null ? null : `${pathOf(name)}/rows`,
        key: table?.key ?? null,
        columns: table?.columns ?? null,
      })),
    ),
  );
  app.get('/api/v1/streams/:stream/schema', (c) => {
    const name = c.req.param('stream');
    const streams = view.streams();
    const found = streams.find((stream) => stream.name === name);
    if (found !== undefined) return c.body(found.schemaJson, 200, { 'content-type': 'application/json' });
    return problemResponse(
      unknownStream(
        name,
        streams.map((stream) => stream.name),
      ),
    );
  });
  const ingest = { view, budget, turns: createReadingTurns(), logger, deadlineMs: ingestDeadlineMs };
  app.post('/api/v1/streams/:stream/events', (c) => answerIngest(c, c.req.param('stream'), ingest));
}

function operationRoutes(app: App, { view, version }: RoutesOptions): void {
  app.get('/metrics', async (c) => {
    const { contentType, body } = await view.metrics();
    return c.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' });
  });
  app.get('/healthz', (c) => uncached(c, { status: 'ok' }));
  app.get('/readyz', (c) => {
    const { ready, reasons } = view.readiness();
    return c.json({ ready, reasons }, ready ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.get('/openapi.json', (c) => c.json(openApi(version)));
}

const pathOf = (stream: string): string => `/api/v1/streams/${encodeURIComponent(stream)}`;

/** Columns that the table of every stream has, beside those of its schema. */
const PLACE_COLUMNS: readonly string[] = ['partition', 'log_offset'];

function streamTableRoutes(app: App, { view, deadlineMs }: RoutesOptions): void {
  app.get('/api/v1/streams/:stream/rows', async (c) => {
    const stream = c.req.param('stream');
    const table = tableOf(view, stream);
    if ('error' in table) return problemResponse(table);
    const columns = [...table.columns.map(({ name }) => name), ...PLACE_COLUMNS];
    return answerRows(c, { path: stream, columns }, (limit) => view.streamRows(stream, { limit }), deadlineMs);
  });
  app.get('/api/v1/streams/:stream/keys/:key', async (c) => {
    const { stream, key } = c.req.param();
    const table = tableOf(view, stream);
    if ('error' in table) return problemResponse(table);
    if (!isWellFormedPath(c.req.path)) return problemResponse(ILL_FORMED_KEY);
    const row = await withDeadline(view.streamRow(stream, key), deadlineMs);
    if (row === DEADLINE) return problemResponse(TOO_SLOW);
    return row === null ? problemResponse(unknownKey(stream, key)) : uncached(c, row);
  });
  app.delete('/api/v1/streams/:stream/keys/:key', async (c) => {
    const { stream, key } = c.req.param();
    const table = tableOf(view, stream);
    if ('error' in table) return problemResponse(table);
    if (!isWellFormedPath(c.req.path)) return problemResponse(ILL_FORMED_KEY);
    const at = c.req.query('at') ?? null;
    if (at !== null && !/^-?\d{1,15}$/.test(at)) {
      return problemResponse(badParameter('at', at, 'It is a time of the stream, in milliseconds since 1970.'));
    }
    const requestKey = idempotencyKeyOf(c.req.header('idempotency-key'));
    if (requestKey !== null && typeof requestKey !== 'string') return problemResponse(requestKey);
    const removing = view.remove(stream, key, at === null ? null : Number(at), requestKey);
    const outcome = await withDeadline(removing, deadlineMs);
    if (outcome === DEADLINE) return problemResponse(OUTCOME_UNKNOWN);
    if (outcome.kind !== 'committed') return problemResponse(ingestProblem(stream, outcome));
    return c.json({ removed: key });
  });
}

/** Hono leaves an escape as it is when it does not decode: `%FF` would be the key that `%25FF` is. */
function isWellFormedPath(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function tableOf(view: ServiceView, stream: string): StreamTableInfo | Problem {
  const streams = view.streams();
  const found = streams.find(({ name }) => name === stream);
  if (found?.table) return found.table;
  const known = streams.filter(({ table }) => found === undefined || table !== null).map(({ name }) => name);
  return found === undefined ? unknownStream(stream, known) : noTable(stream, known);
}

async function answerRows(
  c: AppContext,
  table: Pick<Table, 'path' | 'columns'>,
  read: (limit: number) => Promise<readonly Row[]>,
  deadlineMs: number,
): Promise<Response> {
  const limitText = c.req.query('limit') ?? '100';
  const limit = /^\d{1,6}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > 1_000) {
    return problemResponse(
      badParameter('limit', limitText, 'It is a whole number from 1 to 1000; `millrace query` reads more.'),
    );
  }
  const format = c.req.query('format') ?? 'json';
  if (format !== 'json' && format !== 'csv')
    return problemResponse(badParameter('format', format, 'It is json or csv.'));
  const found = await withDeadline(read(limit + 1), deadlineMs);
  if (found === DEADLINE) return problemResponse(TOO_SLOW);
  // Whoever saves a table must be able to tell that it is not all of it.
  if (found.length > limit) c.header('x-more-rows', 'true');
  const rows = found.slice(0, limit);
  if (format === 'json') return uncached(c, rows);
  return c.body(toCsv(table.columns, rows), 200, {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${table.path}.csv"`,
    'cache-control': 'no-store',
  });
}

function uncached(c: AppContext, value: unknown): Response {
  return c.body(JSON.stringify(value), 200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
}
