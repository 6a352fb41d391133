/**
 * Results of windows and joins, and late events, over HTTP. Invariant: an answer that is not whole says where it goes
 * on, and an export that can't be whole breaks off.
 */
import { keyValues } from '../messages/key-values.ts';
import {
  MAX_PAGE_ROWS,
  RESULT_COLUMNS,
  type ResultKind,
  type ResultPage,
  type ResultQuery,
} from '../projections/result-pages.ts';
import type { Row } from '../projections/store.ts';
import { csvHeader, csvLines } from './csv.ts';
import { DEADLINE, withDeadline } from './deadline.ts';
import type { HttpLogger } from './logger.ts';
import { json } from './operations.ts';
import { problemResponse } from './problem.ts';
import { TOO_SLOW } from './refusals.ts';
import { RESULT_PATHS, resultOperation } from './result-operations.ts';
import { cursorOf, resultRequest } from './result-parameters.ts';
import { type Route, type RouteContext, uncached } from './route.ts';
import type { ServiceView, WindowOrJoin } from './view.ts';

const KINDS: readonly ResultKind[] = ['windows', 'joins', 'late_events'];

/** The second address is from before there were derived streams, which it does not list. */
const ADDRESSES = [
  {
    path: '/api/v1/windows-and-joins',
    summary: 'Windows and joins of the pipeline, their keys, and where their results are',
  },
  { path: '/api/v1/derived', summary: 'The old address of /api/v1/windows-and-joins', deprecated: true },
];

interface ResultRoutesOptions {
  readonly view: ServiceView;
  readonly logger: HttpLogger;
  readonly deadlineMs: number;
}

export function resultRoutes(options: ResultRoutesOptions): readonly Route[] {
  const { view } = options;
  return [
    ...ADDRESSES.map(
      ({ path, ...words }): Route => ({
        method: 'GET',
        path,
        role: 'viewer',
        operation: {
          ...words,
          responses: { 200: json('Windows and joins') },
        },
        answer: (c) => uncached(c, view.windowsAndJoins().map(describedResult)),
      }),
    ),
    ...KINDS.map(
      (kind): Route => ({
        method: 'GET',
        path: `/api/v1/${RESULT_PATHS[kind]}`,
        role: 'viewer',
        operation: resultOperation(kind),
        answer: (c) => answerResults(c, kind, options),
      }),
    ),
  ];
}

export function describedResult(info: WindowOrJoin): object {
  const name = encodeURIComponent(info.name);
  const [path, parameter] = info.kind === 'join' ? ['joins', 'join'] : ['windows', 'window'];
  return {
    ...info,
    rows: `/api/v1/${path}?${parameter}=${name}`,
    late: `/api/v1/${RESULT_PATHS.late_events}?window=${name}`,
  };
}

const NO_STORE = { 'cache-control': 'no-store' };

async function answerResults(
  c: RouteContext,
  of: ResultKind,
  { view, logger, deadlineMs }: ResultRoutesOptions,
): Promise<Response> {
  const request = resultRequest(of, new URL(c.req.url).search, c.req.queries(), view.windowsAndJoins());
  if ('error' in request) return problemResponse(request);
  const { query, format, isUnlimited } = request;
  const isExport = format === 'csv' && isUnlimited;
  const first = await withDeadline(view.results(isExport ? { ...query, limit: MAX_PAGE_ROWS } : query), deadlineMs);
  if (first === DEADLINE) return problemResponse(TOO_SLOW);
  const headers: Record<string, string> = { ...NO_STORE };
  if (first.next !== null && !isExport) {
    const cursor = cursorOf(first.next);
    const next = new URL(c.req.url);
    next.searchParams.set('cursor', cursor);
    headers['x-next-cursor'] = cursor;
    headers.link = `<${next.pathname}${next.search}>; rel="next"`;
  }
  if (format === 'json')
    return c.json(
      first.rows.map((row) => withKey(row, view.windowsAndJoins())),
      200,
      headers,
    );
  headers['content-type'] = 'text/csv; charset=utf-8; header=present';
  headers['content-disposition'] = `attachment; filename="${RESULT_PATHS[of]}.csv"`;
  const columns = RESULT_COLUMNS[of];
  if (!isExport) return c.body(csvHeader(columns) + csvLines(columns, first.rows), 200, headers);
  const rows = exported(
    columns,
    first,
    (after) => view.results({ ...query, limit: MAX_PAGE_ROWS, after }),
    (error) => {
      logger.error({ err: error, path: c.req.path }, 'an export broke off');
      c.env.outgoing.destroy();
    },
  );
  return c.body(rows, 200, headers);
}

/** A key of several values as an array; what no double holds is text in it, as in every other column. */
function withKey(row: Row, windowsAndJoins: readonly WindowOrJoin[]): Readonly<Record<string, unknown>> {
  const { key } = row;
  const isArray = windowsAndJoins.some(({ name, keys }) => keys === 'several' && name === (row.window ?? row.join));
  if (!isArray || typeof key !== 'string' || !key.startsWith('[')) return row;
  return { ...row, key: keyValues(key).map((value) => (typeof value === 'bigint' ? String(value) : value)) };
}

/** Page by page, as fast as the reader takes it. A page that fails breaks the answer off: its length is not known before. */
function exported(
  columns: readonly string[],
  first: ResultPage,
  read: (after: NonNullable<ResultQuery['after']>) => Promise<ResultPage>,
  breakOff: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: ResultPage['next'] = first.next;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(csvHeader(columns) + csvLines(columns, first.rows)));
      if (next === null) controller.close();
    },
    async pull(controller) {
      if (next === null) return;
      const page = await read(next).catch(breakOff);
      if (page === undefined) return;
      controller.enqueue(encoder.encode(csvLines(columns, page.rows)));
      next = page.next;
      if (next === null) controller.close();
    },
  });
}
