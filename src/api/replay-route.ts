/** Dead letters that are taken again, as `millrace dlq replay` does: by their ids, under the role of an operator. */

import type { Target } from '../channel/channel-commands.ts';
import { dlqReplayCommand } from '../channel/dead-letters.ts';
import { jsonBody } from '../http/json-body.ts';
import { json, problem } from '../http/operations.ts';
import { type Problem, problemResponse } from '../http/problem.ts';
import { type Route, type RouteContext, uncached } from '../http/route.ts';
import { messageOf } from '../journal/error.ts';
import type { Row } from '../projections/store.ts';

const IDS_MAX = 256;
const PATIENCE_MS = 30_000;

export function replayRoute(target: Target): Route {
  return {
    method: 'POST',
    path: '/api/v1/dead-letters/replay',
    role: 'operator',
    operation: {
      summary: 'Takes dead letters again: each is read as its source would read it today, and says what came of it',
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['ids'],
              properties: {
                ids: { type: 'array', maxItems: IDS_MAX, items: { type: 'string' } },
                dryRun: { type: 'boolean' },
              },
            },
          },
        },
      },
      responses: { 200: json('id, outcome, detail of each that was found'), 400: problem('The body names none') },
    },
    answer: (c) => replay(c, target),
  };
}

async function replay(c: RouteContext, target: Target): Promise<Response> {
  const asked = await askedOf(c);
  if (asked === null) return problemResponse(BAD_BODY);
  const outcomes: Row[] = [];
  const context = { signal: AbortSignal.timeout(PATIENCE_MS), note() {} };
  try {
    for await (const rows of dlqReplayCommand.rows(target, asked, context)) outcomes.push(...rows);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    return problemResponse(unknownOutcome(messageOf(error)));
  }
  return uncached(c, outcomes);
}

async function askedOf(c: RouteContext): Promise<{ readonly ids: readonly string[]; readonly dryRun: boolean } | null> {
  const body = await jsonBody(c, 64 * 1024);
  if (!Array.isArray(body?.ids)) return null;
  const ids = body.ids.filter((id: unknown): id is string => typeof id === 'string');
  if (ids.length === 0 || ids.length !== body.ids.length || ids.length > IDS_MAX) return null;
  return { ids, dryRun: body.dryRun === true };
}

const BAD_BODY: Problem = {
  status: 400,
  error: 'bad-body',
  message: 'The body names no dead letters.',
  hint: `Send JSON such as {"ids": ["orders-0:17"]}, of at most ${IDS_MAX}; an id is a dead letter's log and offset.`,
};

const unknownOutcome = (why: string): Problem => ({
  status: 503,
  error: 'outcome-unknown',
  message: `The dead letters were not all taken within ${PATIENCE_MS / 1000} s: ${why}.`,
  hint: 'Send it again: one that was taken is passed over.',
});
