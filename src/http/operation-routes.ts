/** For those who run a service: live events, metrics, probes, and the API's description. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { LiveHub } from './live-hub.ts';
import { json, problem, text } from './operations.ts';
import { problemResponse } from './problem.ts';
import { TOO_MANY_CLIENTS } from './refusals.ts';
import { type Route, uncached } from './route.ts';
import type { ServiceView, StageStatus } from './view.ts';

export interface OperationRoutesOptions {
  readonly view: ServiceView;
  readonly hub: LiveHub;
  /** The API's description. */
  openApi(): object;
}

export function operationRoutes({ view, hub, openApi }: OperationRoutesOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      role: 'viewer',
      operation: {
        summary:
          'Server-sent events: overview, actors, window, windows, session, alert, run; Last-Event-ID, or ?lastEventId=, resumes',
        responses: { 200: text('An endless stream', 'text/event-stream'), 503: problem('Too many clients') },
      },
      answer(c) {
        if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
        if (hub.attach(c.env.outgoing, c.req.header('last-event-id') ?? c.req.query('lastEventId')))
          return RESPONSE_ALREADY_SENT;
        return problemResponse(TOO_MANY_CLIENTS);
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      role: 'viewer',
      operation: { summary: 'Prometheus metrics', responses: { 200: text('Text exposition', 'text/plain') } },
      async answer(c) {
        const { contentType, body } = await view.metrics();
        return c.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' });
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      role: 'anyone',
      operation: { summary: 'The process answers', responses: { 200: json('It does') } },
      answer: (c) => uncached(c, { status: 'ok' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      role: 'anyone',
      operation: {
        summary: 'The service takes work',
        responses: {
          200: json('It does; `waiting` says what of it waits for somebody else'),
          503: json('It does not, and why'),
        },
      },
      answer(c) {
        const { ready, reasons } = view.readiness();
        const waiting = view.overview().stages.flatMap(waitingWords);
        return c.json({ ready, reasons, waiting }, ready ? 200 : 503, { 'cache-control': 'no-store' });
      },
    },
    {
      method: 'GET',
      path: '/openapi.json',
      role: 'viewer',
      operation: { summary: 'This description', responses: { 200: json('OpenAPI 3.1') } },
      answer: (c) => c.json(openApi()),
    },
  ];
}

/** Of a sink, or of a store that somebody else runs: it takes nothing, and nothing else waits for it. */
function waitingWords({ kind, label, lag, problem }: StageStatus): string[] {
  if (problem === undefined) return [];
  const what = kind === 'sink' ? 'sink' : 'store';
  return [`${what} ${label}: ${lag === null ? 'its events wait' : `${lag} events wait`}: ${problem}`];
}
