/** The inputs and the effects of an alert, a window's result, or an event in its place. */
import { DEADLINE, withDeadline } from './deadline.ts';
import { json, problem } from './operations.ts';
import { problemResponse } from './problem.ts';
import { badParameter, TOO_SLOW } from './refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from './route.ts';
import type { ServiceView } from './view.ts';

/** Where the time of an event does not say where it is, a log is read whole. */
const EXPLAIN_DEADLINE_MS = 60_000;

export function explainRoutes(view: Pick<ServiceView, 'explain'>): readonly Route[] {
  const route = (path: string, summary: string, targetOf: (c: RouteContext) => string): Route => ({
    method: 'GET',
    path: `/api/v1/explain/${path}`,
    role: 'viewer',
    operation: {
      summary,
      responses: {
        200: json(
          'events: relation (itself, input, context, effect), stream, partition, offset, type, time, event; inputs; notes',
        ),
        400: problem('It is no such thing'),
        404: problem('There is no such thing'),
      },
    },
    answer: (c) => answer(c, view, targetOf(c)),
  });
  return [
    route(
      'alerts/:id',
      'The events that an alert came of, and what became of it',
      (c) => `alert:${pathParameter(c, 'id')}`,
    ),
    route(
      'windows/:window/:start',
      "The events that a window's result counts; the key is ?key=, absent for the one group over all",
      (c) => `window:${pathParameter(c, 'window')}/${c.req.query('key') ?? ''}/${pathParameter(c, 'start')}`,
    ),
    route('events/:stream/:partition/:offset', 'What came of an event, or what it came of', (c) =>
      ['stream', 'partition', 'offset'].map((name) => pathParameter(c, name)).join('/'),
    ),
  ];
}

async function answer(c: RouteContext, view: Pick<ServiceView, 'explain'>, target: string): Promise<Response> {
  const found = await withDeadline(view.explain(target), EXPLAIN_DEADLINE_MS);
  if (found === DEADLINE) return problemResponse(TOO_SLOW);
  if ('problem' in found) return problemResponse(badParameter('path', target, found.problem));
  if ('notFound' in found) {
    return problemResponse({
      status: 404,
      error: 'not-found',
      message: `Nothing is known of ${target}: ${found.notFound}.`,
      hint: 'Places of events are in the columns partition and offset of the tables.',
    });
  }
  return uncached(c, { ...found, events: found.events.map((event) => ({ ...event, event: JSON.parse(event.event) })) });
}
