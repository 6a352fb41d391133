/** Events of a stream by their place in its logs: the newest that a condition keeps, or the one at an offset. */

import type { PlacedEvent } from '../explain/placed-event.ts';
import { DEADLINE, withDeadline } from '../http/deadline.ts';
import { json, limitParameter, problem, query } from '../http/operations.ts';
import { type Problem, problemResponse } from '../http/problem.ts';
import { badParameter, TOO_SLOW, unknownStream } from '../http/refusals.ts';
import { pathParameter, type Route, type RouteContext, uncached } from '../http/route.ts';
import { messageOf } from '../journal/error.ts';
import { type EventsAsked, type EventsJournal, type ReadStream, streamEventAt, streamEvents } from './stream-events.ts';

const LIMIT = 50;
const LIMIT_MAX = 500;

export interface EventRoutesPorts {
  readonly journal: EventsJournal;
  streams(): ReadonlyMap<string, ReadStream>;
}

export function eventRoutes({ journal, streams }: EventRoutesPorts, deadlineMs: number): readonly Route[] {
  const of = async (c: RouteContext, answer: (stream: ReadStream) => Promise<Response>): Promise<Response> => {
    const [name, all] = [pathParameter(c, 'stream'), streams()];
    const stream = all.get(name);
    if (stream === undefined) return problemResponse(unknownStream(name, [...all.keys()]));
    const answered = await withDeadline(answer(stream), deadlineMs);
    return answered === DEADLINE ? problemResponse(TOO_SLOW) : answered;
  };
  return [
    {
      method: 'GET',
      path: '/api/v1/streams/:stream/events',
      role: 'viewer',
      operation: {
        summary:
          'Events by their place, newest first; x-next-cursor says where older ones are, x-looked how many were read',
        parameters: [
          query('where', 'An expression over the fields, as a derived stream has it; only events for which it holds'),
          query('key', 'Only events of this key, as text'),
          query('partition', 'Of one partition only', { type: 'integer', minimum: 0 }),
          query('cursor', 'The header x-next-cursor of the answer before'),
          { ...limitParameter, schema: { type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT } },
        ],
        responses: {
          200: json('Events: stream, partition, offset, type, time, committedAt, event'),
          400: problem('A parameter is not valid, or the expression is none of the stream'),
          404: problem('No such stream'),
        },
      },
      answer: (c) => of(c, (stream) => answerEvents(c, journal, stream)),
    },
    {
      method: 'GET',
      path: '/api/v1/streams/:stream/events/:partition/:offset',
      role: 'viewer',
      operation: {
        summary: 'The event at an offset of a partition',
        responses: { 200: json('The event'), 404: problem('No such stream, or no event of it at this place') },
      },
      answer: (c) =>
        of(c, async (stream) => {
          const place = { partition: wholeOf(c, 'partition'), offset: wholeOf(c, 'offset') };
          const found = await streamEventAt(journal, stream, place);
          return found === null ? problemResponse(nothingAt(place)) : uncached(c, shown(found));
        }),
    },
  ];
}

async function answerEvents(c: RouteContext, journal: EventsJournal, stream: ReadStream): Promise<Response> {
  const asked = askedOf(c, stream);
  if ('error' in asked) return problemResponse(asked);
  try {
    const { events, looked, next } = await streamEvents(journal, stream, asked);
    const cursor = [...next].map(([partition, offset]) => `${partition}:${offset}`).join(',');
    const headers = { 'x-looked': String(looked), ...(cursor === '' ? {} : { 'x-next-cursor': cursor }) };
    return uncached(c, events.map(shown), headers);
  } catch (error) {
    if (asked.where === null || !(error instanceof Error) || error.name !== 'ExpressionError') throw error;
    return problemResponse(badParameter('where', asked.where, `${messageOf(error)}.`));
  }
}

function askedOf(c: RouteContext, { key, logs }: ReadStream): EventsAsked | Problem {
  const partition = c.req.query('partition') ?? '';
  if (partition !== '' && !logs.some((log) => String(log.partition) === partition)) {
    return badParameter('partition', partition, `The stream has the partitions 0 to ${logs.length - 1}.`);
  }
  const limitText = c.req.query('limit') ?? String(LIMIT);
  const limit = /^\d{1,4}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > LIMIT_MAX) {
    return badParameter('limit', limitText, `It is a whole number from 1 to ${LIMIT_MAX}.`);
  }
  const cursor = c.req.query('cursor') ?? '';
  if (!/^(?:\d{1,4}:\d{1,15}(?:,\d{1,4}:\d{1,15})*)?$/.test(cursor)) {
    return badParameter('cursor', cursor, 'It is the header x-next-cursor of the answer before.');
  }
  const ofKey = c.req.query('key') ?? '';
  if (ofKey !== '' && key === null) return badParameter('key', ofKey, 'The stream has no key.');
  const places = cursor === '' ? [] : cursor.split(',').map((place) => place.split(':').map(Number));
  // A partition that is not in a cursor has been read to its beginning.
  const before = new Map(cursor === '' ? [] : logs.map((log) => [log.partition, 0]));
  for (const [at = 0, offset = 0] of places) before.set(at, offset);
  const where = c.req.query('where')?.trim() ?? '';
  return {
    partition: partition === '' ? null : Number(partition),
    before,
    where: where === '' ? null : where,
    key: ofKey === '' ? null : ofKey,
    limit,
  };
}

/** NaN, which no event stands at, where it is none. */
function wholeOf(c: RouteContext, name: string): number {
  const text = pathParameter(c, name);
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

const shown = ({ relation: _, ...event }: PlacedEvent) => ({ ...event, event: JSON.parse(event.event) });

function nothingAt({ partition, offset }: { readonly partition: number; readonly offset: number }): Problem {
  return {
    status: 404,
    error: 'no-event',
    message: `No event of the stream stands at partition ${partition}, offset ${offset}.`,
    hint: 'Offsets count what a commit derived too; the columns partition and log_offset of the tables say where events stand.',
  };
}
