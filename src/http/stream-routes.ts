/** Streams: what there is, their schemas, and handing events in. */
import type { BodyBudget } from './body-budget.ts';
import { answerIngest } from './ingest-route.ts';
import type { HttpLogger } from './logger.ts';
import { json, problem, requestKeyParameter } from './operations.ts';
import { problemResponse } from './problem.ts';
import { createReadingTurns } from './reading-turns.ts';
import { unknownStream } from './refusals.ts';
import { type Operation, pathParameter, type Route, uncached } from './route.ts';
import type { ServiceView, StreamInfo } from './view.ts';

export interface StreamRoutesOptions {
  readonly view: ServiceView;
  readonly budget: BodyBudget;
  readonly logger: HttpLogger;
  readonly ingestDeadlineMs: number;
}

export function streamRoutes({ view, budget, logger, ingestDeadlineMs }: StreamRoutesOptions): readonly Route[] {
  const ingest = { view, budget, turns: createReadingTurns(), logger, deadlineMs: ingestDeadlineMs };
  return [
    {
      method: 'GET',
      path: '/api/v1/streams',
      role: 'viewer',
      operation: { summary: 'Streams by name', responses: { 200: json('Streams') } },
      answer: (c) => uncached(c, view.streams().map(describedStream)),
    },
    {
      method: 'GET',
      path: '/api/v1/streams/:stream/schema',
      role: 'viewer',
      operation: {
        summary: "A stream's Avro schema",
        responses: { 200: json('Avro schema'), 404: problem('No such stream') },
      },
      answer(c) {
        const name = pathParameter(c, 'stream');
        const streams = view.streams();
        const found = streams.find((stream) => stream.name === name);
        if (found !== undefined) return c.body(found.schemaJson, 200, { 'content-type': 'application/json' });
        const known = streams.map((stream) => stream.name);
        return problemResponse(unknownStream(name, known));
      },
    },
    {
      method: 'POST',
      path: '/api/v1/streams/:stream/events',
      role: 'operator',
      operation: INGEST,
      answer: (c) => answerIngest(c, pathParameter(c, 'stream'), ingest),
    },
  ];
}

export function describedStream({ name, partitions, source, table }: StreamInfo): object {
  const path = `/api/v1/streams/${encodeURIComponent(name)}`;
  return {
    name,
    partitions,
    source,
    schema: `${path}/schema`,
    rows: table === null ? null : `${path}/rows`,
    key: table?.key ?? null,
    columns: table?.columns ?? null,
  };
}

/** Of events that could not be decoded; absent when there are none. */
const REFUSED_PROPERTIES = {
  reasons: { type: 'object', description: 'Counts by reason', additionalProperties: { type: 'integer' } },
  first: {
    type: 'array',
    maxItems: 10,
    description: 'The first of them; a position is a line, or the number of the event, from 1',
    items: {
      type: 'object',
      properties: { position: { type: 'integer' }, reason: { type: 'string' }, detail: { type: 'string' } },
    },
  },
};

const INGEST: Operation = {
  summary: 'Hand events to a stream; answers when they are durable',
  parameters: [requestKeyParameter],
  requestBody: {
    required: true,
    description:
      'At most 16 MiB, as it is sent and unpacked. JSON: lines, one object, or an array. Avro: an object container ' +
      'file. Content-Encoding may be gzip, deflate or zstd.',
    content: { 'application/x-ndjson': {}, 'application/json': {}, 'application/avro': {}, 'avro/binary': {} },
  },
  responses: {
    200: {
      description: 'Committed: every event of the body is counted as accepted or as a dead letter, and is on disk',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['accepted', 'deadLetters'],
            properties: {
              accepted: { type: 'integer' },
              deadLetters: { type: 'integer' },
              ...REFUSED_PROPERTIES,
              repeated: { type: 'boolean', description: 'Some or all of it was in before, by its Idempotency-Key' },
            },
          },
        },
      },
    },
    400: problem('Empty, not what it is sent as, or no event of it could be decoded: nothing is stored'),
    401: problem('The token is missing or wrong'),
    403: problem('Host or Origin not allowed, or the token has a lower role'),
    404: problem('No such stream; names those there are'),
    409: problem('The stream takes its input from elsewhere'),
    413: problem('The body is larger than 16 MiB, as it is sent or unpacked'),
    415: problem('The content type or encoding is none that is taken'),
    422: problem('The Idempotency-Key came with another request'),
    429: problem('A queue is full; Retry-After says when to come back'),
    503: problem(
      'Too many bytes of requests are held, the service is stopping, or the journal takes nothing for now; or the outcome ' +
        'is unknown: repeat it with its Idempotency-Key',
    ),
  },
};
