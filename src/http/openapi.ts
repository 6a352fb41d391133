/**
 * The API's description, built from the same table list as the routes; a test asks the server for every path in it.
 */
import { TABLES } from './tables.ts';

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

const text = (description: string, contentType: string) => ({ description, content: { [contentType]: {} } });
const json = (description: string) => text(description, 'application/json');
const problem = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
});
const get = (summary: string, responses: Operation['responses'], parameters?: readonly object[]) => ({
  get: { summary, ...(parameters ? { parameters } : {}), responses } satisfies Operation,
});
const streamName = { name: 'stream', in: 'path', required: true, schema: { type: 'string' } };
const keyName = { name: 'key', in: 'path', required: true, schema: { type: 'string' } };
const rowParameters = [
  { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 } },
  { name: 'format', in: 'query', schema: { type: 'string', enum: ['json', 'csv'], default: 'json' } },
];

function rowPaths(): Record<string, object> {
  const entries = TABLES.map(({ path, columns }) => [
    `/api/v1/${path}`,
    get(
      `Rows of ${path}, newest first: ${columns.join(', ')}`,
      {
        200: { description: 'Rows', content: { 'application/json': { schema: arrayOfObjects }, 'text/csv': {} } },
        400: problem('A parameter is not valid'),
      },
      rowParameters,
    ),
  ]);
  return Object.fromEntries(entries);
}

const arrayOfObjects = { type: 'array', items: { type: 'object' } };

/** Of events that could not be decoded; absent when there are none. */
const refusedProperties = {
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

const ingest: Operation = {
  summary: 'Hand events to a stream; answers when they are durable',
  parameters: [streamName],
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
            properties: { accepted: { type: 'integer' }, deadLetters: { type: 'integer' }, ...refusedProperties },
          },
        },
      },
    },
    400: problem('Empty, not what it is sent as, or no event of it could be decoded: nothing is stored'),
    401: problem('The token is missing or wrong'),
    403: problem('Host or Origin not allowed'),
    404: problem('No such stream; names those there are'),
    409: problem('The stream takes its input from elsewhere'),
    413: problem('The body is larger than 16 MiB, as it is sent or unpacked'),
    415: problem('The content type or encoding is none that is taken'),
    429: problem('A queue is full; Retry-After says when to come back'),
    503: problem('Too many bytes of requests are held, the service is stopping, or the journal takes nothing for now'),
  },
};

const remove: Operation = {
  summary: 'A tombstone: the row of a key is gone, from the time `at` on; answers when that is durable',
  parameters: [
    streamName,
    keyName,
    { name: 'at', in: 'query', description: 'Epoch ms; now when it is left out', schema: { type: 'integer' } },
  ],
  responses: {
    200: json('Committed, whether there was a row or not'),
    400: problem('The time or the key is not valid'),
    404: problem('No such stream, or a built-in one'),
    429: problem('A queue is full; Retry-After says when to come back'),
    503: problem('The service is stopping, or the journal takes nothing for now'),
  },
};

export function openApi(version: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Millrace', version, description: 'Instants are epoch milliseconds, money is in minor units.' },
    paths: {
      '/api/v1/overview': get('Topology, rates and headline numbers; x-event-id is where /events stands', {
        200: json('Overview'),
      }),
      '/api/v1/actors': get('The tree of actors', { 200: json('The root actor') }),
      ...rowPaths(),
      '/api/v1/streams': get('Streams by name', { 200: json('Streams') }),
      '/api/v1/streams/{stream}/schema': get(
        "A stream's Avro schema",
        { 200: json('Avro schema'), 404: problem('No such stream') },
        [streamName],
      ),
      '/api/v1/streams/{stream}/rows': get(
        'Events of a stream with a schema of its own, newest first: its fields, then partition and log_offset',
        {
          200: { description: 'Rows', content: { 'application/json': { schema: arrayOfObjects }, 'text/csv': {} } },
          400: problem('A parameter is not valid'),
          404: problem('No such stream, or a built-in one'),
        },
        [streamName, ...rowParameters],
      ),
      '/api/v1/streams/{stream}/keys/{key}': {
        ...get(
          'The newest event of a key, as a row',
          { 200: json('The row'), 404: problem('No such stream, a built-in one, or no event of this key') },
          [streamName, keyName],
        ),
        delete: remove,
      },
      '/api/v1/streams/{stream}/events': { post: ingest },
      '/events': get(
        'Server-sent events: overview, actors, window, session, alert, run; Last-Event-ID, or ?lastEventId=, resumes',
        {
          200: text('An endless stream', 'text/event-stream'),
          503: problem('Too many clients'),
        },
      ),
      '/metrics': get('Prometheus metrics', { 200: text('Text exposition', 'text/plain') }),
      '/healthz': get('The process answers', { 200: json('It does') }),
      '/readyz': get('The service takes work', { 200: json('It does'), 503: json('It does not, and why') }),
    },
    components: {
      schemas: {
        Problem: {
          type: 'object',
          required: ['error', 'message', 'hint'],
          properties: { error: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
        },
      },
    },
  };
}
