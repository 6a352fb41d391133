/** Streams with a schema of their own as tables: their newest rows, and the row of a key, which may be removed. */
import { DEADLINE, withDeadline } from './deadline.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { json, problem, requestKeyParameter, rowParameters, rows } from './operations.ts';
import { type Problem, problemResponse } from './problem.ts';
import {
  badParameter,
  ILL_FORMED_KEY,
  ingestProblem,
  noTable,
  OUTCOME_UNKNOWN,
  TOO_SLOW,
  unknownKey,
  unknownStream,
} from './refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from './route.ts';
import { answerRows } from './table-routes.ts';
import type { ServiceView, StreamTableInfo } from './view.ts';

/** Columns that the table of every stream has, beside those of its schema. */
const PLACE_COLUMNS: readonly string[] = ['partition', 'log_offset'];

export function streamTableRoutes(view: ServiceView, deadlineMs: number): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/streams/:stream/rows',
      role: 'viewer',
      operation: {
        summary: 'Events of a stream with a schema of its own, newest first: its fields, then partition and log_offset',
        parameters: rowParameters,
        responses: {
          200: rows,
          400: problem('A parameter is not valid'),
          404: problem('No such stream, or a built-in one'),
        },
      },
      answer(c) {
        const stream = pathParameter(c, 'stream');
        const table = tableOf(view, stream);
        if ('error' in table) return problemResponse(table);
        const columns = [...table.columns.map(({ name }) => name), ...PLACE_COLUMNS];
        return answerRows(c, { path: stream, columns }, (limit) => view.streamRows(stream, { limit }), deadlineMs);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/streams/:stream/keys/:key',
      role: 'viewer',
      operation: {
        summary: 'The newest event of a key, as a row',
        responses: { 200: json('The row'), 404: problem('No such stream, a built-in one, or no event of this key') },
      },
      answer: (c) => answerKey(c, view, deadlineMs),
    },
    {
      method: 'DELETE',
      path: '/api/v1/streams/:stream/keys/:key',
      role: 'operator',
      operation: {
        summary: 'A tombstone: the row of a key is gone, from the time `at` on; answers when that is durable',
        parameters: [
          requestKeyParameter,
          { name: 'at', in: 'query', description: 'Epoch ms; now when it is left out', schema: { type: 'integer' } },
        ],
        responses: {
          200: json('Committed, whether there was a row or not'),
          400: problem('The time or the key is not valid'),
          404: problem('No such stream, or a built-in one'),
          429: problem('A queue is full; Retry-After says when to come back'),
          503: problem('The service is stopping, or the journal takes nothing for now'),
        },
      },
      answer: (c) => removeKey(c, view, deadlineMs),
    },
  ];
}

async function answerKey(c: RouteContext, view: ServiceView, deadlineMs: number): Promise<Response> {
  const [stream, key] = [pathParameter(c, 'stream'), pathParameter(c, 'key')];
  const table = tableOf(view, stream);
  if ('error' in table) return problemResponse(table);
  if (!isWellFormedPath(c.req.path)) return problemResponse(ILL_FORMED_KEY);
  const row = await withDeadline(view.streamRow(stream, key), deadlineMs);
  if (row === DEADLINE) return problemResponse(TOO_SLOW);
  return row === null ? problemResponse(unknownKey(stream, key)) : uncached(c, row);
}

async function removeKey(c: RouteContext, view: ServiceView, deadlineMs: number): Promise<Response> {
  const [stream, key] = [pathParameter(c, 'stream'), pathParameter(c, 'key')];
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
