/** What people do about cases and rules, over HTTP: with the role operator, and once for a request and its repetitions. */
import { randomUUID } from 'node:crypto';
import { DEADLINE, withDeadline } from '../../http/deadline.ts';
import { idempotencyKeyOf } from '../../http/idempotency-key.ts';
import { json, problem, requestKeyParameter } from '../../http/operations.ts';
import { type Problem, problemResponse } from '../../http/problem.ts';
import { OUTCOME_UNKNOWN, TOO_SLOW } from '../../http/refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from '../../http/route.ts';
import type { Row } from '../../projections/store.ts';
import { ACTIONS, durationOf } from './actions.ts';
import { type Asked, answered, badBody, textOf } from './asked.ts';
import type { Desk } from './desk.ts';
import { KEY_REUSED } from './refusals.ts';

/** `rules` reads what each rule is worth. */
export function deskRoutes(desk: Desk, rules: () => Promise<readonly Row[]>, deadlineMs: number): readonly Route[] {
  const body = (properties: object, required: readonly string[]) => ({
    required: true,
    content: { 'application/json': { schema: { type: 'object', properties, required } } },
  });
  const text = { type: 'string' };
  const who = { by: text, note: text };
  return [
    {
      method: 'POST',
      path: '/api/v1/cases/next',
      role: 'operator',
      operation: {
        summary:
          'Takes the open case of the highest score, then the oldest; the answer is the action, or 404 when none is open',
        requestBody: body(who, ['by']),
        responses: { 200: json('The action'), 404: problem('No case is open') },
      },
      answer: (c) =>
        answered(c, async ({ by }) => {
          const taken = await withDeadline(desk.next(by, randomUUID()), deadlineMs);
          if (taken === DEADLINE) return problemResponse(OUTCOME_UNKNOWN);
          return taken === null ? problemResponse(NONE_OPEN) : uncached(c, taken);
        }),
    },
    {
      method: 'POST',
      path: '/api/v1/cases/:case/actions',
      role: 'operator',
      operation: {
        summary: `Acts on a case: ${Object.keys(ACTIONS).join(', ')}; a snooze says \`for\` how long, such as 2h`,
        parameters: [requestKeyParameter],
        requestBody: body({ action: { enum: Object.keys(ACTIONS) }, for: text, ...who }, ['action', 'by']),
        responses: {
          200: json('The action'),
          404: problem('No such case'),
          409: problem('The case refuses it, and why'),
        },
      },
      answer: (c) => answered(c, (asked) => act(c, desk, asked, deadlineMs)),
    },
    {
      method: 'POST',
      path: '/api/v1/suppressions',
      role: 'operator',
      operation: {
        summary:
          'Keeps hits of a card, a terminal or a rule from alerts for some time; they are scored and recorded all the same',
        requestBody: body(
          { customerId: { type: 'integer' }, terminalId: { type: 'integer' }, rule: text, for: text, ...who },
          ['for', 'by'],
        ),
        responses: { 200: json('The suppression') },
      },
      answer: (c) => answered(c, (asked) => suppress(c, desk, asked, deadlineMs)),
    },
    {
      method: 'DELETE',
      path: '/api/v1/suppressions/:suppression',
      role: 'operator',
      operation: {
        summary: 'Ends a suppression',
        requestBody: body(who, ['by']),
        responses: { 200: json('The suppression'), 404: problem('No such suppression') },
      },
      answer: (c) =>
        answered(c, async ({ by, note }) => {
          const id = pathParameter(c, 'suppression');
          const scope = { suppressionId: id, customerId: null, terminalId: null, rule: null };
          const command = { ...scope, commandId: randomUUID(), by, note, action: 'lift' as const, forMs: 0 };
          const row = await withDeadline(desk.suppress(command), deadlineMs);
          if (row === DEADLINE) return problemResponse(OUTCOME_UNKNOWN);
          return row === null ? problemResponse(unknown('suppression', id)) : uncached(c, row);
        }),
    },
    {
      method: 'GET',
      path: '/api/v1/rules',
      role: 'viewer',
      operation: {
        summary:
          'Each rule that fired: hits, hit rate, precision by the labels that are known, and what became of its cases',
        responses: { 200: json('Rules') },
      },
      async answer(c) {
        const found = await withDeadline(rules(), deadlineMs);
        return found === DEADLINE ? problemResponse(TOO_SLOW) : uncached(c, found);
      },
    },
  ];
}

async function act(c: RouteContext, desk: Desk, { body, by, note }: Asked, deadlineMs: number): Promise<Response> {
  const key = idempotencyKeyOf(c.req.header('idempotency-key'));
  if (key !== null && typeof key !== 'string') return problemResponse(key);
  const id = pathParameter(c, 'case');
  const action = typeof body.action === 'string' ? ACTIONS[body.action] : undefined;
  if (action === undefined) return problemResponse(badBody(`action is one of ${Object.keys(ACTIONS).join(', ')}`));
  const forMs = action === 'snooze' ? durationOf(textOf(body.for)) : 0;
  if (typeof forMs !== 'number') return problemResponse(badBody(`for: ${forMs.wrong}`));
  const ask = { commandId: key ?? randomUUID(), caseId: id, action, by, note, forMs };
  const answer = await withDeadline(desk.act(ask), deadlineMs);
  if (answer === DEADLINE) return problemResponse(OUTCOME_UNKNOWN);
  switch (answer.kind) {
    case 'unknown-case':
      return problemResponse(unknown('case', id));
    case 'reused':
      return problemResponse(KEY_REUSED);
    case 'refused':
      return problemResponse({
        status: 409,
        error: 'action-refused',
        message: `The case ${id} refuses it: ${answer.action.detail}.`,
        hint: 'Nothing has changed. /api/v1/cases/<case> says how the case stands.',
        details: { state: String(answer.action.state) },
      });
    case 'done':
      return uncached(c, answer.action);
  }
}

async function suppress(c: RouteContext, desk: Desk, { body, by, note }: Asked, deadlineMs: number): Promise<Response> {
  const customerId = wholeOf(body.customerId);
  const terminalId = wholeOf(body.terminalId);
  const rule = textOf(body.rule) ?? null;
  if (customerId === undefined || terminalId === undefined)
    return problemResponse(badBody('customerId and terminalId are whole numbers'));
  if (customerId === null && terminalId === null && rule === null)
    return problemResponse(badBody('say of what: customerId, terminalId, rule, or several of them'));
  const forMs = durationOf(textOf(body.for));
  if (typeof forMs !== 'number') return problemResponse(badBody(`for: ${forMs.wrong}`));
  const id = randomUUID();
  const command = { suppressionId: id, commandId: id, customerId, terminalId, rule, by, note, forMs };
  const row = await withDeadline(desk.suppress({ ...command, action: 'suppress' }), deadlineMs);
  return row === DEADLINE || row === null ? problemResponse(OUTCOME_UNKNOWN) : uncached(c, row);
}

/** Null where there is none; undefined for what is no whole number. */
function wholeOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function unknown(what: string, id: string): Problem {
  return {
    status: 404,
    error: `unknown-${what}`,
    message: `There is no ${what} ${JSON.stringify(id.slice(0, 100))}.`,
    hint: `/api/v1/${what}s lists the newest.`,
  };
}

const NONE_OPEN: Problem = {
  status: 404,
  error: 'no-open-case',
  message: 'No case is open.',
  hint: 'Cases that somebody has taken, or has snoozed, are not given.',
};
