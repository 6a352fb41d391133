/** The console: one statement at a time, and the queries that people have saved. */
import { toCsv } from '../http/csv.ts';
import { jsonBody } from '../http/json-body.ts';
import { formatParameter, json, problem, query as queryParameter } from '../http/operations.ts';
import { type Problem, problemResponse } from '../http/problem.ts';
import { badParameter } from '../http/refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from '../http/route.ts';
import type { QueryAnswer, RunQuery } from './query-run.ts';
import type { SavedQueries } from './saved-queries.ts';

const ROWS = 1_000;
const ROWS_MAX = 10_000;
const TIMEOUT_SECONDS = 10;
const TIMEOUT_SECONDS_MAX = 60;
const SQL_CHARACTERS_MAX = 8_000;
const NAME = /^[\w][\w .-]{0,79}$/;
const TRIAL = { rows: 1, timeoutMs: 2_000 };

export function queryRoutes(run: RunQuery, saved: SavedQueries): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/query',
      role: 'viewer',
      operation: {
        summary: 'One statement that reads a store: its columns and rows, whether there are more, and how long it took',
        parameters: [
          queryParameter('store', 'sqlite, duckdb, jobs, or a store of the pipeline file'),
          queryParameter('sql', `One SELECT, of at most ${SQL_CHARACTERS_MAX} characters`),
          queryParameter('limit', 'Rows at most', { type: 'integer', minimum: 1, maximum: ROWS_MAX, default: ROWS }),
          queryParameter('timeout', 'Seconds, then it is ended', {
            type: 'integer',
            minimum: 1,
            maximum: TIMEOUT_SECONDS_MAX,
            default: TIMEOUT_SECONDS,
          }),
          formatParameter,
        ],
        responses: {
          200: {
            description: 'columns, rows, isCut, tookMs, notes',
            content: { 'application/json': {}, 'text/csv': {} },
          },
          400: problem('A parameter is not valid, or the store refuses the statement; its words'),
          503: problem('It took longer than the time-out, and was ended'),
          429: problem('Others run already; Retry-After says when to come back'),
        },
      },
      answer: (c) => answerQuery(c, run),
    },
    {
      method: 'GET',
      path: '/api/v1/queries',
      role: 'viewer',
      operation: { summary: 'Saved queries: name, store, sql, saved_at', responses: { 200: json('Queries') } },
      answer: async (c) => uncached(c, await saved.all()),
    },
    {
      method: 'PUT',
      path: '/api/v1/queries/:query',
      role: 'operator',
      operation: {
        summary: 'Saves a query, in place of the one of this name; a statement that the store refuses is not saved',
        requestBody: { required: true, content: { 'application/json': {} } },
        responses: { 200: json('The query'), 400: problem('It is none that reads, or has no name that can be') },
      },
      answer: (c) => save(c, run, saved),
    },
    {
      method: 'DELETE',
      path: '/api/v1/queries/:query',
      role: 'operator',
      operation: {
        summary: 'Removes a saved query',
        responses: { 200: json('Its name'), 404: problem('No such query') },
      },
      async answer(c) {
        const name = pathParameter(c, 'query');
        if (await saved.remove(name)) return uncached(c, { removed: name });
        return problemResponse({
          status: 404,
          error: 'unknown-query',
          message: `There is no saved query ${JSON.stringify(name)}.`,
          hint: 'GET /api/v1/queries lists them.',
        });
      },
    },
  ];
}

async function answerQuery(c: RouteContext, run: RunQuery): Promise<Response> {
  const [store = '', sql = ''] = [c.req.query('store'), c.req.query('sql')];
  const wrong = wordsProblem(store, sql);
  if (wrong !== null) return problemResponse(wrong);
  const limit = wholeOf(c, 'limit', ROWS, ROWS_MAX);
  if (typeof limit !== 'number') return problemResponse(limit);
  const seconds = wholeOf(c, 'timeout', TIMEOUT_SECONDS, TIMEOUT_SECONDS_MAX);
  if (typeof seconds !== 'number') return problemResponse(seconds);
  const format = c.req.query('format') ?? 'json';
  if (format !== 'json' && format !== 'csv') {
    return problemResponse(badParameter('format', format, 'It is json or csv.'));
  }
  const answer = await run({ store, sql }, { rows: limit, timeoutMs: seconds * 1000 }, c.req.raw.signal);
  if (answer.kind !== 'rows') return problemResponse(queryProblem(answer, seconds));
  const { kind: _, ...found } = answer;
  if (found.isCut) c.header('x-more-rows', 'true');
  if (format === 'json') return uncached(c, found);
  return c.body(toCsv(found.columns, found.rows), 200, {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': 'attachment; filename="query.csv"',
    'cache-control': 'no-store',
  });
}

async function save(c: RouteContext, run: RunQuery, saved: SavedQueries): Promise<Response> {
  const name = pathParameter(c, 'query');
  const body = await bodyOf(c);
  if (body === null) return problemResponse(BAD_BODY);
  const { store, sql } = body;
  const wrong = NAME.test(name)
    ? wordsProblem(store, sql)
    : badParameter('query', name, 'A name has 1 to 80 letters, digits, spaces, dots, hyphens and underscores.');
  if (wrong !== null) return problemResponse(wrong);
  // Whether the store would take it; one that is only slow is no fault.
  const tried = await run({ store, sql }, TRIAL);
  if (tried.kind === 'refused' || tried.kind === 'busy') return problemResponse(queryProblem(tried, 2));
  const row = await saved.save({ name, store, sql });
  return row === null ? problemResponse(TOO_MANY) : uncached(c, row);
}

async function bodyOf(c: RouteContext): Promise<{ readonly store: string; readonly sql: string } | null> {
  const { store, sql } = (await jsonBody(c, 64 * 1024)) ?? {};
  return typeof store === 'string' && typeof sql === 'string' ? { store, sql } : null;
}

function wordsProblem(store: string, sql: string): Problem | null {
  if (store === '') return badParameter('store', store, 'It is sqlite, duckdb, jobs, or a store of the pipeline file.');
  if (sql.trim() === '') return badParameter('sql', sql, 'It is one statement that reads, such as SELECT 1.');
  if (sql.length <= SQL_CHARACTERS_MAX) return null;
  return badParameter(
    'sql',
    `${sql.slice(0, 40)}…`,
    `It has at most ${SQL_CHARACTERS_MAX} characters; \`millrace query\` takes longer ones.`,
  );
}

function wholeOf(c: RouteContext, name: string, otherwise: number, max: number): number | Problem {
  const text = c.req.query(name) ?? String(otherwise);
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= max ? value : badParameter(name, text, `It is a whole number from 1 to ${max}.`);
}

function queryProblem(answer: Exclude<QueryAnswer, { kind: 'rows' }>, seconds: number): Problem {
  switch (answer.kind) {
    case 'too-slow':
      return {
        status: 503,
        error: 'query-too-slow',
        message: `The statement was ended after its ${seconds} s.`,
        hint: `Ask for less, or give it more time: timeout is at most ${TIMEOUT_SECONDS_MAX} s here, and any with \`millrace query\`.`,
      };
    case 'busy':
      return {
        status: 429,
        error: 'busy',
        message: 'Other statements run already; this one was not begun.',
        hint: 'Send it again in a moment.',
        headers: { 'retry-after': '1' },
      };
    case 'refused':
      return {
        status: 400,
        error: 'query-refused',
        message: `The store refuses the statement: ${answer.message}`,
        hint: 'One statement that reads, in the words of the store: docs/results.md.',
      };
  }
}

const BAD_BODY: Problem = {
  status: 400,
  error: 'bad-body',
  message: "The body can't be taken as a query.",
  hint: 'Send JSON such as {"store": "duckdb", "sql": "SELECT 1"}, of at most 64 KiB, with its length.',
};

const TOO_MANY: Problem = {
  status: 409,
  error: 'too-many-queries',
  message: 'So many queries are saved that there is no room for one more.',
  hint: 'Remove one that nobody needs.',
};
