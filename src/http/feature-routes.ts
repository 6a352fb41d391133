/** The newest features of a key, as they were computed at its last event: what an online feature store answers. */
import { DEADLINE, withDeadline } from './deadline.ts';
import { json, problem } from './operations.ts';
import { problemResponse } from './problem.ts';
import { noFeatures, TOO_SLOW, unknownKey } from './refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from './route.ts';
import type { ServiceView } from './view.ts';

export function featureRoutes(view: ServiceView, deadlineMs: number): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/streams/:stream/features/:key',
      role: 'viewer',
      operation: {
        summary: 'The features of the newest event of a key, with the event itself and its place in the journal',
        responses: {
          200: json('event, features, partition, log_offset'),
          404: problem('No such stream, no features, or no event of this key'),
        },
      },
      answer: (c) => answerFeatures(c, view, deadlineMs),
    },
  ];
}

async function answerFeatures(c: RouteContext, view: ServiceView, deadlineMs: number): Promise<Response> {
  const [stream, key] = [pathParameter(c, 'stream'), pathParameter(c, 'key')];
  const all = view.vectors();
  const vectors = all.find((each) => each.of === stream);
  if (vectors === undefined)
    return problemResponse(
      noFeatures(
        stream,
        all.map((each) => each.of),
      ),
    );
  const row = await withDeadline(view.streamRow(vectors.stream, key), deadlineMs);
  if (row === DEADLINE) return problemResponse(TOO_SLOW);
  if (row === null) return problemResponse(unknownKey(vectors.stream, key));
  const { partition, log_offset, ...fields } = row;
  const isFeature = ([name]: [string, unknown]): boolean => vectors.features.includes(name);
  const entries = Object.entries(fields);
  return uncached(c, {
    event: Object.fromEntries(entries.filter((entry) => !isFeature(entry))),
    features: Object.fromEntries(entries.filter(isFeature)),
    partition,
    log_offset,
  });
}
