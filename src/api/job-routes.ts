/** Jobs over HTTP: what there is, for viewers; what people ask of it, for operators, once for a request and its repetitions. */
import { idempotencyKeyOf } from '../http/idempotency-key.ts';
import { json, problem, requestKeyParameter } from '../http/operations.ts';
import { problemResponse } from '../http/problem.ts';
import { pathParameter, type Route, type RouteContext, uncached } from '../http/route.ts';
import { jobCommandOf } from '../jobs/command-words.ts';
import type { JobDesk } from '../service/job-desk.ts';

/** Of the body of a command. */
const BODY_BYTES_MAX = 64 * 1024;

export function jobRoutes(jobs: JobDesk): readonly Route[] {
  const act = (
    path: string,
    summary: string,
    words: (c: RouteContext) => Readonly<Record<string, unknown>>,
  ): Route => ({
    method: 'POST',
    path,
    role: 'operator',
    operation: {
      summary,
      parameters: [requestKeyParameter],
      responses: {
        200: json('The id of the run, job or backfill, and what came of it'),
        400: problem('The words of the command'),
        409: problem('It can not be done, and why'),
      },
    },
    async answer(c) {
      const key = idempotencyKeyOf(c.req.header('idempotency-key'));
      if (key !== null && typeof key !== 'string') return problemResponse(key);
      const body = await bodyOf(c);
      if (body === null) return refused(400, 'bad-body', 'The body is no JSON object of at most 64 KiB.');
      const command = jobCommandOf({ ...body, ...words(c) }, key);
      if (typeof command === 'string') return refused(400, 'bad-command', command);
      const answer = await jobs.command(command);
      if (answer.kind === 'refused') return refused(409, 'refused', answer.message);
      return uncached(c, { id: answer.id, message: answer.message });
    },
  });
  return [
    {
      method: 'GET',
      path: '/api/v1/jobs',
      role: 'viewer',
      operation: { summary: 'Jobs: schedule, next run, steps, parameters', responses: { 200: json('Jobs') } },
      answer: async (c) => uncached(c, await jobs.standings()),
    },
    act('/api/v1/jobs/:job/runs', 'Runs a job now, with `params`', (c) => ({
      action: 'run',
      job: pathParameter(c, 'job'),
    })),
    act('/api/v1/jobs/:job/pause', 'No run by its schedule until it is resumed', (c) => ({
      action: 'pause',
      job: pathParameter(c, 'job'),
    })),
    act('/api/v1/jobs/:job/resume', 'Resumes a paused job', (c) => ({
      action: 'resume',
      job: pathParameter(c, 'job'),
    })),
    act(
      '/api/v1/jobs/:job/backfills',
      'Runs for intervals of the past: from, to, parallel, reprocess, dryRun',
      (c) => ({
        action: 'backfill',
        job: pathParameter(c, 'job'),
      }),
    ),
    act('/api/v1/backfills/:backfill/cancel', 'Ends a backfill and its runs', (c) => ({
      action: 'cancel-backfill',
      backfill: pathParameter(c, 'backfill'),
    })),
    act('/api/v1/runs/:run/cancel', 'Ends a run', (c) => ({ action: 'cancel', run: pathParameter(c, 'run') })),
    act(
      '/api/v1/runs/:run/clear',
      'Runs steps again: `step` and those after it, else all that did not succeed',
      (c) => ({
        action: 'clear',
        run: pathParameter(c, 'run'),
      }),
    ),
    act(
      '/api/v1/runs/:run/mark',
      'Says that a `step`, or without one the run, is `as` success, failed or skipped',
      (c) => ({ action: 'mark', run: pathParameter(c, 'run') }),
    ),
    act('/api/v1/runs/:run/skip', 'Leaves out a `step`, or without one the run', (c) => ({
      action: 'skip',
      run: pathParameter(c, 'run'),
    })),
  ];
}

/** Empty for no body; null for one that is none of JSON. */
async function bodyOf(c: RouteContext): Promise<Readonly<Record<string, unknown>> | null> {
  if (Number(c.req.header('content-length') ?? 0) > BODY_BYTES_MAX) return null;
  const text = await c.req.text();
  if (text.trim() === '') return {};
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : null;
  } catch {
    return null;
  }
}

function refused(status: 400 | 409, error: string, message: string): Response {
  return problemResponse({
    status,
    error,
    message,
    hint: 'GET /api/v1/jobs has the jobs, and /api/v1/runs their runs.',
  });
}
