/** An entry of `features:` as a file writes it. */
import { z } from 'zod';
import { duration } from '../../keys/value-schema.ts';
import { AGGREGATE_NAME } from '../../messages/window-result.ts';
import { condition } from '../expressions.ts';
import { windowKey } from './window-key.ts';

const named = (what: string) =>
  z.record(z.string().regex(AGGREGATE_NAME, `${what} has letters, digits and underscore in its name`), z.string());

export const feature = z.strictObject({
  stream: z.string(),
  key: windowKey,
  window: duration.optional().describe('Events of the key in (t - 7d, t] of each event, itself included.'),
  windows: z
    .record(z.string().regex(/^\w+$/), duration)
    .optional()
    .describe('Several windows by name: a feature is then called n_7day for the window 7day.'),
  delay: duration.prefault('0s').describe('The window ends so long before the event: till then labels come.'),
  labels: z
    .union([
      z.string(),
      z.strictObject({
        stream: z.string(),
        on: z.string().optional().describe('A field of both: the id of the event that a label is for.'),
      }),
    ])
    .nullable()
    .default(null)
    .describe('A stream that says later what became of an event: its fields may be aggregated too.'),
  asOf: z
    .union([
      z.string(),
      z.strictObject({
        stream: z.string(),
        on: z
          .union([z.string(), z.array(z.string()).min(1)])
          .optional()
          .describe('Its field, or fields, that are the key; by default those of the same name.'),
        maxAge: duration.optional().describe('An event that is older, at the time of the feature, is none.'),
      }),
    ])
    .optional()
    .describe('Another stream: `values` are of its newest event of the key, at or before the time of each event.'),
  values: named('a feature').optional().describe('Features by name: SQL over the event of `asOf`.'),
  where: condition.describe('Events that count, as SQL.'),
  aggregate: named('a feature')
    .optional()
    .describe(
      'Features by name: count(), count(DISTINCT x), sum, avg, min, max, stddev, first, last, lag(x, 2), share(condition); FILTER (WHERE …) behind any; and SQL over several.',
    ),
  select: named('a feature').optional().describe('Features by name: SQL over the event and all features before it.'),
  order: z
    .string()
    .nullable()
    .default(null)
    .describe('The whole number that orders events of one key and time; the first field, where that is one.'),
});

export type RawFeature = z.output<typeof feature>;
