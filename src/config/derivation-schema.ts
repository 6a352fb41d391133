/** What is derived from streams, as the pipeline file writes it: windows, joins and derived streams. */
import { z } from 'zod';
import { duration, name } from './value-schema.ts';

const offset = duration.prefault('0s').describe('Moves the start of every window.');

const condition = z
  .string()
  .nullable()
  .default(null)
  .describe("Takes events of which this is true, such as amount > 0 and country == 'DE'.");

export const window = z.strictObject({
  stream: z.string(),
  key: z.string().nullable().optional().describe("A field to group by; by default the stream's key. null: one group."),
  window: z.union([
    z.strictObject({ tumbling: duration.describe('Length of each window.'), offset }),
    z.strictObject({
      hopping: z.strictObject({
        size: duration.describe('Length of each window.'),
        every: duration.describe('From the start of one window to that of the next.'),
      }),
      offset,
    }),
    z.strictObject({ sliding: duration.describe('Length; a window ends with each event, and one begins behind it.') }),
    z.strictObject({ session: duration.describe('A pause of a key that is longer ends its session.') }),
    z.strictObject({ count: z.int().min(1).describe('As many events of a key, as they come.') }),
  ]),
  allowedLateness: duration.prefault('0s').describe('A late event still corrects its window for so long.'),
  early: duration
    .nullable()
    .prefault(null)
    .describe('Open windows give what they have so far each time that so much event time has passed.'),
  where: condition,
  top: z
    .strictObject({
      by: z.string().describe('A result that is a number.'),
      limit: z.int().min(1).default(1).describe('How many; those that are equal to the last of them are given too.'),
    })
    .nullable()
    .default(null)
    .describe('Of each tumbling or hopping window only the groups with the largest of a result.'),
  aggregate: z
    .record(name, z.string())
    .refine((aggregates) => Object.keys(aggregates).length > 0, { message: 'needs a result such as n: count()' })
    .describe(
      'Results by name: count(); sum, min, max, avg(field), quantile(field, 0.99); first, last, collect, distinct(field); arg_max, arg_min(field, other).',
    ),
});

const grace = duration.prefault('0s');
const on = z
  .union([z.string(), z.strictObject({ left: z.string(), right: z.string() })])
  .optional()
  .describe("The field by whose value events match, of both sides or of each; by default the streams' keys.");

export const join = z.union([
  z.strictObject({
    left: z.string(),
    right: z.string(),
    on,
    type: z.enum(['inner', 'left', 'outer']).default('inner'),
    within: duration.describe('Events of a key match whose times are at most so far apart.'),
    grace: grace.describe('An event may come so long behind the watermark.'),
  }),
  z.strictObject({
    left: z.string(),
    right: z.string(),
    on,
    type: z.enum(['inner', 'left', 'outer']).default('inner'),
    window: z
      .strictObject({ tumbling: duration.describe('Length of each window.'), offset })
      .describe('Events of a key match that are in the same window.'),
    grace: grace.describe('An event may come so long behind the watermark.'),
  }),
  z.strictObject({
    left: z.string(),
    table: z.string().describe("A stream whose newest event of a key is the row, as of the left event's time."),
    on,
    type: z.enum(['inner', 'left']).default('inner'),
    grace: grace.describe('An event waits so long, beyond the watermark, for changes of the table.'),
    history: duration.prefault('1d').describe('Rows that were replaced are kept so long, for events that come late.'),
  }),
]);

export const derived = z.strictObject({
  stream: z.string(),
  where: condition,
  select: z
    .record(name, z.string())
    .refine((fields) => Object.keys(fields).length > 0, { message: 'needs a field such as total: price * quantity' })
    .describe('Its fields by name: an expression over those of the stream, such as price * quantity.'),
});
