/** One run of a job over HTTP, of any age: its steps, its attempts and their logs; and how far backfills are. */
import { DEADLINE, withDeadline } from '../http/deadline.ts';
import { json, problem } from '../http/operations.ts';
import { problemResponse } from '../http/problem.ts';
import { TOO_SLOW } from '../http/refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from '../http/route.ts';
import { backfillFile, runFile } from '../jobs/run-file.ts';
import type { Row, StoreQuery } from '../projections/store.ts';
import { LINES_MAX, linesOf, loggedAttempts } from '../service/job-log-files.ts';

/** Lines of a log in an answer that does not say how many. */
const LINES = 1000;

const RUN_RESPONSES = { 404: problem('No such run, step or attempt') };

export function runRoutes(
  dataDir: string,
  asked: <T>(read: Generator<StoreQuery, T, readonly Row[]>) => Promise<T>,
  deadlineMs: number,
  /** Slots that backfills of a job may have at once. */
  slotsOf: (job: string) => number,
): readonly Route[] {
  const answered = async <T>(c: RouteContext, read: Promise<T | null>, missing: string): Promise<Response> => {
    const found = await withDeadline(read, deadlineMs);
    if (found === DEADLINE) return problemResponse(TOO_SLOW);
    return found === null ? unknown(missing) : uncached(c, found);
  };
  return [
    {
      method: 'GET',
      path: '/api/v1/jobs/:job/runs/:run',
      role: 'viewer',
      operation: {
        summary: 'A run of any age: its row, then its steps, and its attempts that have a log',
        responses: { 200: json('The run'), ...RUN_RESPONSES },
      },
      answer(c) {
        const [job, run] = [pathParameter(c, 'job'), pathParameter(c, 'run')];
        const read = async () => {
          const found = await asked(runFile(job, run));
          return found && { ...found.run, steps: found.steps, attempts: await loggedAttempts(dataDir, job, run) };
        };
        return answered(c, read(), `There is no run ${shortOf(run)} of ${shortOf(job)}.`);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/jobs/:job/runs/:run/logs',
      role: 'viewer',
      operation: {
        summary: 'What an attempt of a step said, the last lines',
        parameters: [
          { name: 'step', in: 'query', required: true, schema: { type: 'string' } },
          { name: 'attempt', in: 'query', schema: { type: 'integer', minimum: 1, default: 1 } },
          { name: 'round', in: 'query', schema: { type: 'integer', minimum: 1, default: 1 } },
          { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: LINES_MAX, default: LINES } },
        ],
        responses: {
          200: json('`lines`, and whether there are earlier ones'),
          400: problem('A parameter'),
          ...RUN_RESPONSES,
        },
      },
      async answer(c) {
        const step = c.req.query('step') ?? '';
        const attempt = Number(c.req.query('attempt') ?? 1);
        const round = Number(c.req.query('round') ?? 1);
        const limit = Number(c.req.query('limit') ?? LINES);
        if (step === '') return badParameter('step must name a step of the run');
        if (!Number.isSafeInteger(attempt) || attempt < 1) return badParameter('attempt must be a whole number from 1');
        if (!Number.isSafeInteger(round) || round < 1) return badParameter('round must be a whole number from 1');
        if (!Number.isSafeInteger(limit) || limit < 1 || limit > LINES_MAX)
          return badParameter(`limit must be a whole number from 1 to ${LINES_MAX}`);
        const of = { job: pathParameter(c, 'job'), runId: pathParameter(c, 'run'), step, round, attempt };
        const missing = `There is no log of attempt ${attempt} of ${shortOf(step)} in ${shortOf(of.runId)}.`;
        return answered(c, linesOf(dataDir, of, limit), missing);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/jobs/:job/backfills',
      role: 'viewer',
      operation: {
        summary:
          'The newest backfills of a job, each with how many of its intervals are over and failed, and how many of its slots are at work',
        responses: { 200: json('Backfills') },
      },
      async answer(c) {
        const job = pathParameter(c, 'job');
        const read = async () => (await asked(backfillFile(job))).map((row) => ({ ...row, slots: slotsOf(job) }));
        return answered(c, read(), '');
      },
    },
  ];
}

const shortOf = (name: string): string => JSON.stringify(name.slice(0, 100));

function unknown(message: string): Response {
  const hint =
    'Runs show once the read models have them, mostly within a second; logs of the last 200 runs of a job are kept.';
  return problemResponse({ status: 404, error: 'unknown-run', message, hint });
}

function badParameter(message: string): Response {
  const hint = 'Such as ?step=load&attempt=1&limit=100; GET /api/v1/jobs/:job/runs/:run has the attempts.';
  return problemResponse({ status: 400, error: 'bad-parameter', message, hint });
}
