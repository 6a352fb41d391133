/**
 * Rows of the read models' tables, as JSON or CSV: a route for each, and one that lists them.
 * Invariant: instants are epoch milliseconds, names are snake_case, whatever the store behind.
 */
import { toCsv } from './csv.ts';
import { DEADLINE, withDeadline } from './deadline.ts';
import { json, problem, rowParameters, rows } from './operations.ts';
import { problemResponse } from './problem.ts';
import { badParameter, TOO_SLOW } from './refusals.ts';
import { type Route, type RouteContext, uncached } from './route.ts';
import type { Row, ServiceView } from './view.ts';

export function tableRoutes(view: ServiceView, deadlineMs: number): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/tables',
      role: 'viewer',
      operation: {
        summary:
          'Tables that have a path: name, label, columns with their kinds, those that a page shows at first, and whether the ' +
          'pipeline runs without the store of the table',
        responses: { 200: json('Tables') },
      },
      answer: (c) =>
        uncached(
          c,
          view.tables().map((table) => ({ ...table, path: `/api/v1/${table.path}` })),
        ),
    },
    ...view.tables().map(({ name, path, label, columns }): Route => {
      const names = columns.map((column) => column.name);
      return {
        method: 'GET',
        path: `/api/v1/${path}`,
        role: 'viewer',
        operation: {
          summary: `${label}, newest first: ${names.join(', ')}. With more than the limit, x-more-rows is true`,
          parameters: rowParameters,
          responses: {
            200: rows,
            400: problem('A parameter is not valid'),
            409: problem('The pipeline runs without the store of this table'),
          },
        },
        answer: (c) => answerRows(c, { path, columns: names }, (limit) => view.rows(name, { limit }), deadlineMs),
      };
    }),
  ];
}

export async function answerRows(
  c: RouteContext,
  table: { readonly path: string; readonly columns: readonly string[] },
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
  const shown = found.slice(0, limit);
  if (format === 'json') return uncached(c, shown);
  return c.body(toCsv(table.columns, shown), 200, {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${table.path}.csv"`,
    'cache-control': 'no-store',
  });
}
