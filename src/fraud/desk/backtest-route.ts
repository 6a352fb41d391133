/** Backtests over HTTP: of rules that the pipeline declares, whether they run or not. */
import { DEADLINE, withDeadline } from '../../http/deadline.ts';
import { json, problem } from '../../http/operations.ts';
import { problemResponse } from '../../http/problem.ts';
import { TOO_SLOW } from '../../http/refusals.ts';
import { type Route, uncached } from '../../http/route.ts';
import type { Rule } from '../rule-set.ts';
import { answered, badBody, textOf } from './asked.ts';
import type { BacktestAsked } from './backtest.ts';
import type { BacktestResult } from './backtest-result.ts';

/** The whole journal is read. */
const DEADLINE_MS = 120_000;

/** `run` reads the journal in this thread, and lets others have their turns. */
export function backtestRoute(
  declared: readonly Rule[],
  models: () => readonly string[],
  run: (asked: Omit<BacktestAsked, 'dataDir' | 'endOf'>) => Promise<BacktestResult>,
): Route {
  let underWay: Promise<unknown> = Promise.resolve();
  return {
    method: 'POST',
    path: '/api/v1/backtests',
    role: 'operator',
    operation: {
      summary:
        'Alerts that the named rules of the pipeline, a model, or a threshold, would have raised between two instants, beside those that were',
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: {
                rules: { type: 'array', items: { type: 'string' } },
                model: { type: 'string' },
                threshold: { type: 'number', minimum: 0, maximum: 1 },
                from: { type: 'string', format: 'date-time' },
                to: { type: 'string', format: 'date-time' },
              },
            },
          },
        },
      },
      responses: { 200: json('What was gained and lost'), 400: problem('A rule, a model or a time is not known') },
    },
    answer: (c) =>
      answered(
        c,
        async ({ body }) => {
          const names = body.rules ?? null;
          if (names !== null && !Array.isArray(names)) return problemResponse(badBody('rules is a list of names'));
          const unknown = (names ?? []).find((name) => !declared.some((rule) => rule.name === name));
          if (unknown !== undefined) {
            const known = declared.map(({ name }) => name).join(', ');
            return problemResponse(badBody(`there is no rule ${JSON.stringify(unknown)}; known: ${known}`));
          }
          const model = textOf(body.model) ?? null;
          if (model !== null && !models().includes(model))
            return problemResponse(badBody(`there is no model ${JSON.stringify(model)}; /api/v1/models has them`));
          const threshold = typeof body.threshold === 'number' ? body.threshold : null;
          const fromMs = timeOf(textOf(body.from), Number.NEGATIVE_INFINITY);
          const toMs = timeOf(textOf(body.to), Number.POSITIVE_INFINITY);
          if (!(fromMs < toMs)) return problemResponse(badBody('from and to are instants, one before the other'));
          const rules = names === null ? null : declared.filter(({ name }) => names.includes(name));
          // One after the other: each is a good part of a core.
          const before = underWay;
          const result = before.then(() => run({ rules, model, threshold, fromMs, toMs }));
          underWay = result.catch(() => {});
          const found = await withDeadline(result, DEADLINE_MS);
          return found === DEADLINE ? problemResponse(TOO_SLOW) : uncached(c, found);
        },
        false,
      ),
  };
}

/** NaN for what is no time. */
function timeOf(text: string | undefined, standard: number): number {
  return text === undefined ? standard : Date.parse(text);
}
