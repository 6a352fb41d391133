/**
 * The API's description, built from the same table list as the routes; a test asks the server for every path in it.
 */
import { RESULT_COLUMNS, type ResultKind } from '../projections/result-pages.ts';
import { RESULT_PATHS } from './result-routes.ts';
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
const limitParameter = {
  name: 'limit',
  in: 'query',
  schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
};
const formatParameter = {
  name: 'format',
  in: 'query',
  schema: { type: 'string', enum: ['json', 'csv'], default: 'json' },
};
const rowParameters = [limitParameter, formatParameter];

function rowPaths(): Record<string, object> {
  const entries = TABLES.map(({ path, columns }) => [
    `/api/v1/${path}`,
    get(
      `Rows of ${path}, newest first: ${columns.join(', ')}. With more than the limit, x-more-rows is true`,
      {
        200: { description: 'Rows', content: { 'application/json': { schema: arrayOfObjects }, 'text/csv': {} } },
        400: problem('A parameter is not valid'),
      },
      rowParameters,
    ),
  ]);
  return Object.fromEntries(entries);
}

const query = (name: string, description: string, schema: object = { type: 'string' }) => ({
  name,
  in: 'query',
  description,
  schema,
});
const resultParameters = [
  query('key', 'The key, as a result shows it; null for keys that are numbers or for one group over all'),
  query('keyPrefix', 'How the key begins'),
  query('nullKey', 'Results whose key is null', { type: 'string', enum: ['true'] }),
  query('from', 'The first time, of a window its start: epoch ms or ISO 8601, such as 2018-04-01T00:00:00Z'),
  query('to', 'The time that is not within any more'),
  { ...limitParameter, description: 'Rows of one answer. A CSV without it has all rows.' },
  query('cursor', 'The header x-next-cursor of the answer before'),
  formatParameter,
];

function resultPaths(): Record<string, object> {
  const named = (parameter: string, what: string) => query(parameter, `Its name; of all ${what} when it is left out`);
  const own: Readonly<Record<ResultKind, readonly object[]>> = {
    windows: [
      named('window', 'windows'),
      query('revisions', 'The newest result of a window, key and start, or also those that it replaced', {
        type: 'string',
        enum: ['newest', 'all'],
        default: 'newest',
      }),
    ],
    joins: [named('join', 'joins')],
    late_events: [named('window', 'windows and joins')],
  };
  const kinds: readonly ResultKind[] = ['windows', 'joins', 'late_events'];
  const entries = kinds.map((kind) => [
    `/api/v1/${RESULT_PATHS[kind]}`,
    get(
      `Newest first: ${RESULT_COLUMNS[kind].join(', ')}. The headers link and x-next-cursor say where it goes on`,
      {
        200: { description: 'Rows', content: { 'application/json': { schema: arrayOfObjects }, 'text/csv': {} } },
        400: problem('A parameter is not valid, or there is none of this name'),
        404: problem('No such window or join; names those there are'),
      },
      [...own[kind], ...resultParameters],
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

const requestKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'The same for a request and its repetitions: it is taken once, and a repeated one completes what is missing',
  schema: { type: 'string', maxLength: 255 },
};

const ingest: Operation = {
  summary: 'Hand events to a stream; answers when they are durable',
  parameters: [streamName, requestKey],
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
              ...refusedProperties,
              repeated: { type: 'boolean', description: 'Some or all of it was in before, by its Idempotency-Key' },
            },
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
    422: problem('The Idempotency-Key came with another request'),
    429: problem('A queue is full; Retry-After says when to come back'),
    503: problem(
      'Too many bytes of requests are held, the service is stopping, or the journal takes nothing for now; or the outcome ' +
        'is unknown: repeat it with its Idempotency-Key',
    ),
  },
};

const remove: Operation = {
  summary: 'A tombstone: the row of a key is gone, from the time `at` on; answers when that is durable',
  parameters: [
    streamName,
    keyName,
    requestKey,
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
      '/api/v1/derived': get('Windows and joins of the pipeline, their keys, and where their results are', {
        200: json('Windows and joins'),
      }),
      ...resultPaths(),
      '/api/v1/cases/{case}': get(
        'A case of any age: its row, then its alerts, their deliveries, and the transactions and sessions of its time',
        { 200: json('The case'), 404: problem('No such case') },
        [{ name: 'case', in: 'path', required: true, schema: { type: 'string' } }],
      ),
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
        'Server-sent events: overview, actors, window, windows, session, alert, run; Last-Event-ID, or ?lastEventId=, resumes',
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
