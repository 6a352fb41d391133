/** `fetch: { url: …, map: … }`: how a fetch by declaration is written in the pipeline file. */
import { z } from 'zod';
import { duration, REDACTED, secret, sizeUpTo, url } from '../../keys/value-schema.ts';

const path = z.string().describe('Where it stands in the answer, such as data.items or hourly.time.');

const field = z.union([
  z
    .string()
    .min(1)
    .describe('A path in the row, `$.` and a path from the answer, or a text with values: "{place.name}".'),
  z.strictObject({ value: z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('A constant.') }),
  z
    .strictObject({
      path,
      time: z.enum(['seconds', 'millis', 'local']).describe('Epoch seconds or milliseconds, or what a clock shows.'),
      offset: path
        .optional()
        .describe('Of a local time: where the answer says by how many seconds its clock is ahead of UTC.'),
    })
    .refine(({ time, offset }) => (time === 'local') === (offset !== undefined), {
      message: '`offset` belongs to `time: local`, which needs it',
    }),
]);

export type RawField = z.output<typeof field>;

const pages = z.union([
  z.strictObject({ link: z.literal(true).describe('The header Link with rel=next.'), max: pagesMax() }),
  z.strictObject({ next: path.describe('Where the answer has the address of the next page.'), max: pagesMax() }),
  z.strictObject({
    cursor: path.describe('Where the answer has the value that the next request repeats.'),
    parameter: z.string().min(1),
    max: pagesMax(),
  }),
  z.strictObject({
    page: z.string().min(1).describe('The parameter that counts pages, up to one without rows.'),
    first: z.int().min(0).default(1),
    max: pagesMax(),
  }),
]);

function pagesMax() {
  return z.int().min(1).max(100_000).default(1000).describe('More pages of one request are a fault.');
}

const placeValue = z.union([z.string(), z.number(), z.null()]);

export const declaredFetchSchema = z.strictObject({
  url: z.string().min(1).describe('With values in braces: "https://host/v1?day={interval.start|date}".'),
  headers: z.record(z.string(), secret).default({}).describe('Of each request.'),
  places: z
    .union([z.string().min(1), z.array(z.record(z.string(), placeValue)).min(1).max(100_000)])
    .nullable()
    .default(null)
    .describe('What it is about: a CSV file, or rows. Their columns are {place.NAME}.'),
  batch: z
    .int()
    .min(1)
    .max(10_000)
    .nullable()
    .default(null)
    .describe('Places of one request: 100 where the URL joins them ({place.latitude|join}), else 1.'),
  rows: path.default('').describe('Where the rows stand: a list of records, a record of columns, or one record.'),
  units: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('What must stand where.'),
  map: z.record(z.string(), field).describe('Each field of the stream, and where its value stands.'),
  error: z
    .strictObject({ when: path.default('error'), reason: path.default('reason') })
    .prefault({})
    .describe('Where an answer says that it is an error, and why.'),
  pages: pages.nullable().default(null).describe('How the next page is found.'),
  past: z.boolean().default(false).describe('Rows whose event time lies after the request are left out.'),
  key: z
    .array(z.string())
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Fields that name a row: one that comes again with the same values is no event. The key and the event time.',
    ),
  rate: z
    .strictObject({
      limit: z.number().positive(),
      per: duration,
      weight: z.number().positive().default(1).describe('Of one request, for each of its places.'),
    })
    .nullable()
    .default(null)
    .describe('How often its host is asked, over all jobs.'),
  waits: z
    .record(z.string(), duration)
    .default({})
    .describe('Words of a refusal and the period that they name, whose counters start again on the UTC clock.'),
  retryAfterMax: duration.prefault('1h').describe('No longer than this is waited because a header asks for it.'),
  maxBytes: sizeUpTo('16MB, of at most 1GB', 1024 ** 3)
    .prefault('16MB')
    .describe('Of one answer, unpacked.'),
  allow: z.array(url).default([]).describe('Other origins that a next page may be at.'),
});

export type DeclaredFetchRaw = z.output<typeof declaredFetchSchema>;

/** Headers and the query of the URL may hold secrets. */
export function withoutSecrets(raw: DeclaredFetchRaw): DeclaredFetchRaw {
  const headers = Object.fromEntries(Object.keys(raw.headers).map((name) => [name, REDACTED]));
  return { ...raw, headers, url: raw.url.replace(/^([a-z]+:\/\/)[^/@]*@/i, `$1${REDACTED}@`) };
}
