/** Words that many operations share in the API's description: contents, problems, parameters. */

export const text = (description: string, contentType: string) => ({ description, content: { [contentType]: {} } });
export const json = (description: string) => text(description, 'application/json');
export const problem = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

export const rows = {
  description: 'Rows',
  content: { 'application/json': { schema: { type: 'array', items: { type: 'object' } } }, 'text/csv': {} },
};

export const query = (name: string, description: string, schema: object = { type: 'string' }) => ({
  name,
  in: 'query',
  description,
  schema,
});

export const limitParameter = {
  name: 'limit',
  in: 'query',
  schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
};
export const formatParameter = {
  name: 'format',
  in: 'query',
  schema: { type: 'string', enum: ['json', 'csv'], default: 'json' },
};
export const rowParameters = [limitParameter, formatParameter];

export const requestKeyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'The same for a request and its repetitions: it is taken once, and a repeated one completes what is missing',
  schema: { type: 'string', maxLength: 255 },
};
