/** Rows of read models, as JSON or CSV: a route for each table. */
import { DEADLINE, withDeadline } from './deadline.ts';
import { problem, rowParameters, rows } from './operations.ts';
import { problemResponse } from './problem.ts';
import { badParameter, TOO_SLOW } from './refusals.ts';
import { type Route, type RouteContext, uncached } from './route.ts';
import { TABLES, type Table, toCsv } from './tables.ts';
import type { Row, ServiceView } from './view.ts';

export function tableRoutes(view: ServiceView, deadlineMs: number): readonly Route[] {
  return TABLES.map((table): Route => {
    const { path, name, columns } = table;
    return {
      method: 'GET',
      path: `/api/v1/${path}`,
      role: 'viewer',
      operation: {
        summary: `Rows of ${path}, newest first: ${columns.join(', ')}. With more than the limit, x-more-rows is true`,
        parameters: rowParameters,
        responses: { 200: rows, 400: problem('A parameter is not valid') },
      },
      answer: (c) => answerRows(c, table, (limit) => view.rows(name, { limit }), deadlineMs),
    };
  });
}

export async function answerRows(
  c: RouteContext,
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
  const shown = found.slice(0, limit);
  if (format === 'json') return uncached(c, shown);
  return c.body(toCsv(table.columns, shown), 200, {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${table.path}.csv"`,
    'cache-control': 'no-store',
  });
}
