/** Models over HTTP: which there are, and which of them score. */
import { randomUUID } from 'node:crypto';
import { DEADLINE, withDeadline } from '../../http/deadline.ts';
import { idempotencyKeyOf } from '../../http/idempotency-key.ts';
import { json, problem, requestKeyParameter } from '../../http/operations.ts';
import { problemResponse } from '../../http/problem.ts';
import { OUTCOME_UNKNOWN, TOO_SLOW } from '../../http/refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from '../../http/route.ts';
import { modelCard } from '../lab/model-card.ts';
import { listModels } from '../lab/model-list.ts';
import { rolesAfter } from '../model-roles.ts';
import { type Asked, answered, badBody, textOf } from './asked.ts';
import type { DriftWatch } from './drift-watch.ts';
import type { ModelDesk } from './model-desk.ts';
import { MODEL_ACTIONS, modelActionOf, thresholdOf } from './model-words.ts';
import { KEY_REUSED } from './refusals.ts';

export function modelRoutes(
  desk: ModelDesk,
  { driftOf }: Pick<DriftWatch, 'driftOf'>,
  dataDir: string,
  deadlineMs: number,
): readonly Route[] {
  const text = { type: 'string' };
  const threshold = { type: 'number', exclusiveMinimum: 0, maximum: 1 };
  const properties = { action: { enum: [...MODEL_ACTIONS] }, model: text, threshold, by: text, note: text };
  return [
    {
      method: 'GET',
      path: '/api/v1/models',
      role: 'viewer',
      operation: {
        summary: 'The models of the data directory: what each was trained on, and whether it is champion or challenger',
        responses: { 200: json('Models') },
      },
      async answer(c) {
        const changes = await withDeadline(desk.changes(), deadlineMs);
        return changes === DEADLINE ? problemResponse(TOO_SLOW) : uncached(c, listModels(dataDir, rolesAfter(changes)));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/models/:model',
      role: 'viewer',
      operation: {
        summary: 'The card of a model: what it was trained on, how good it was found, and what became of it',
        responses: { 200: json('The card'), 404: problem('No such model, or its file is damaged') },
      },
      async answer(c) {
        const changes = await withDeadline(desk.changes(), deadlineMs);
        if (changes === DEADLINE) return problemResponse(TOO_SLOW);
        try {
          return uncached(c, modelCard(dataDir, pathParameter(c, 'model'), changes));
        } catch (error) {
          return unknownModel(error);
        }
      },
    },
    {
      method: 'GET',
      path: '/api/v1/models/:model/drift',
      role: 'viewer',
      operation: {
        summary:
          'How far features and scores of the last 7 days of event time are from those of the training of a model',
        responses: { 200: json('Population stability indices'), 404: problem('No such model, or it does not fit') },
      },
      async answer(c) {
        try {
          const drift = await withDeadline(driftOf(pathParameter(c, 'model')), deadlineMs);
          return drift === DEADLINE ? problemResponse(TOO_SLOW) : uncached(c, drift);
        } catch (error) {
          return unknownModel(error);
        }
      },
    },
    {
      method: 'POST',
      path: '/api/v1/models/actions',
      role: 'operator',
      operation: {
        summary:
          'Says which model scores: promote and challenge name one; rollback goes back to the one before, withdraw ends the challenger',
        parameters: [requestKeyParameter],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object', properties, required: ['action', 'by'] } } },
        },
        responses: { 200: json('The change'), 409: problem('The model can not score, and why') },
      },
      answer: (c) => answered(c, (asked) => act(c, desk, asked, deadlineMs)),
    },
  ];
}

async function act(c: RouteContext, desk: ModelDesk, { body, by, note }: Asked, deadlineMs: number): Promise<Response> {
  const key = idempotencyKeyOf(c.req.header('idempotency-key'));
  if (key !== null && typeof key !== 'string') return problemResponse(key);
  const action = modelActionOf(body.action);
  if (action === undefined) return problemResponse(badBody(`action is one of ${MODEL_ACTIONS.join(', ')}`));
  const threshold = thresholdOf(body.threshold);
  if (threshold !== null && typeof threshold !== 'number') return problemResponse(badBody(threshold.wrong));
  const reason = threshold === null ? null : 'said by hand';
  const own = { action, model: textOf(body.model) ?? '', threshold, reason, measured: '' };
  const answer = await withDeadline(desk.act({ commandId: key ?? randomUUID(), by, note, ...own }), deadlineMs);
  if (answer === DEADLINE) return problemResponse(OUTCOME_UNKNOWN);
  switch (answer.kind) {
    case 'reused':
      return problemResponse(KEY_REUSED);
    case 'impossible':
      return refused(answer.why);
    case 'refused':
      return refused(String(answer.change.detail));
    case 'done':
      return uncached(c, answer.change);
  }
}

function unknownModel(error: unknown): Response {
  return problemResponse({
    status: 404,
    error: 'unknown-model',
    message: `${error instanceof Error ? error.message : String(error)}.`,
    hint: '/api/v1/models has them.',
  });
}

function refused(why: string): Response {
  return problemResponse({
    status: 409,
    error: 'model-refused',
    message: `It can't be done: ${why}.`,
    hint: 'Nothing has changed. /api/v1/models has the models and what they are for.',
  });
}
