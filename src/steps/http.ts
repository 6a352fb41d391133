/** `notify: { http: { url: "https://…", body: "…" } }`: one request, whose answer says whether the step succeeded. */
import { z } from 'zod';
import { DeadlinePassed, withinDeadline } from '../deadline.ts';
import { endpointOf } from '../endpoint.ts';
import { fetchCause } from '../fetch-cause.ts';
import { REDACTED } from '../keys/value-schema.ts';
import { parseRetryAfterMs } from '../sources/http-client.ts';
import { stepAdapter } from './adapter.ts';
import type { StepOutcome } from './step.ts';
import { checkText, textOf } from './step-text.ts';

/** Of an answer that other steps may read; a longer one is no output. */
const OUTPUT_CHARS_MAX = 32 * 1024;
const RETRIED_STATUS: readonly number[] = [408, 425, 429];
/** The longest wait that an answer may ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export const httpStep = stepAdapter({
  kind: 'http',
  schema: z.strictObject({
    url: z.string().min(1).describe('May have places, such as {interval.start|date}.'),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().nullable().default(null).describe('Text with places; JSON as it is.'),
    expect: z.array(z.int().min(100).max(599)).default([]).describe('Statuses of success; else every 2xx.'),
  }),
  beside: {},
  derive: (raw) => raw,
  print: ({ url, method, headers, body, expect }) => [{ url, method, headers, body, expect }, {}],
  redact: (settings) => ({
    ...settings,
    url: settings.url.replace(/\?.*$/s, `?${REDACTED}`).replace(/\/\/[^/@]*@/, `//${REDACTED}@`),
    headers: Object.fromEntries(Object.keys(settings.headers).map((name) => [name, REDACTED])),
  }),
  check({ url, body, headers }, place, report) {
    checkText(url, place, ['http', 'url'], report);
    if (!/^https?:\/\//.test(url)) report(['http', 'url'], 'is not a URL such as https://host/path');
    if (body !== null) checkText(body, place, ['http', 'body'], report);
    for (const [name, value] of Object.entries(headers)) checkText(value, place, ['http', 'headers', name], report);
  },
  open: ({ url, method, headers, body, expect }, { http, timeoutMs, nowMs }) => ({
    async attempt(context, signal): Promise<StepOutcome> {
      const endpoint = endpointOf(textOf(url, context, encodeURIComponent));
      const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value, context)]));
      const exchange = async (aborts: AbortSignal): Promise<StepOutcome> => {
        const response = await http.fetch(endpoint.url, {
          method,
          redirect: 'manual',
          signal: aborts,
          headers: {
            ...(body === null ? {} : { 'content-type': 'application/json' }),
            ...(endpoint.authorization === null ? {} : { authorization: endpoint.authorization }),
            'idempotency-key': context.idempotencyKey,
            ...own,
          },
          ...(body === null ? {} : { body: textOf(body, context) }),
        });
        const answer = await response.text();
        const { status } = response;
        context.log('info', `${method} ${endpoint.url.host} answered ${status}`);
        const isDone = expect.length === 0 ? response.ok : expect.includes(status);
        if (isDone) return { kind: 'done', records: 0, output: { status, body: outputOf(answer) } };
        const reason = `${endpoint.url.host} answered ${status}: ${endpoint.redact(answer.slice(0, 200))}`;
        if (status < 500 && !RETRIED_STATUS.includes(status)) return { kind: 'permanent', reason };
        const asked = parseRetryAfterMs(response.headers.get('retry-after'), nowMs());
        return { kind: 'retryable', reason, waitMs: asked === null ? null : Math.min(asked, MAX_RETRY_AFTER_MS) };
      };
      try {
        return await withinDeadline(timeoutMs, http.startTimer, signal, exchange);
      } catch (error) {
        signal.throwIfAborted();
        const said =
          error instanceof DeadlinePassed ? `did not answer within ${timeoutMs} ms` : `: ${fetchCause(error)}`;
        return { kind: 'retryable', reason: `${endpoint.url.host} ${endpoint.redact(said)}`, waitMs: null };
      }
    },
  }),
});

function outputOf(answer: string): unknown {
  if (answer.length > OUTPUT_CHARS_MAX) return null;
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}
