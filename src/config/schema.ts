/** The pipeline file, key by key, as it is written. Strict: a key that is not here is an error. */
import { z } from 'zod';
import { parseDuration, parseSize } from './units.ts';

const duration = z.string().transform((text, context) => {
  const value = parseDuration(text);
  if (value === null)
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a duration such as 500ms, 3s, 5m, 1h or 7d`,
    });
  return value ?? 0;
});
const size = z.string().transform((text, context) => {
  const value = parseSize(text);
  if (value === null)
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a size such as 64MB` });
  return value ?? 0;
});
/** A date or an instant; YAML may have made a Date of it. */
const instant = z.union([z.string(), z.date()]).transform((value, context) => {
  const epochMs = value instanceof Date ? value.getTime() : Date.parse(value);
  if (Number.isNaN(epochMs))
    context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is not a date such as 2018-04-01` });
  return epochMs;
});
const name = z
  .string()
  .regex(
    /^[a-zA-Z][a-zA-Z0-9._-]{0,199}$/,
    'a name has letters, digits, dot, dash and underscore, and begins with a letter',
  );

const source = z.union([
  z.literal('http'),
  z.strictObject({ http: z.strictObject({}).or(z.null()) }),
  z.strictObject({ job: z.string() }),
  z.strictObject({ file: z.strictObject({ path: z.string() }) }),
  z.strictObject({
    generator: z.strictObject({
      seed: z.int().min(0).default(1),
      rate: z.number().min(0).default(2000),
      customers: z.int().min(1).max(10_000_000).default(5000),
      terminals: z.int().min(1).max(10_000_000).default(10_000),
      startAt: instant.default(Date.UTC(2018, 3, 1)),
      days: z.int().min(1).nullable().default(null),
    }),
  }),
]);

const stream = z
  .strictObject({
    schema: z.string().optional(),
    builtin: z.string().optional(),
    key: z.string(),
    eventTime: z.string(),
    partitions: z.int().min(1).max(64).default(1),
    watermark: z
      .union([
        z.literal('scripted'),
        z.strictObject({ outOfOrderness: duration.default(0), idleTimeout: duration.nullable().default(null) }),
      ])
      .default({ outOfOrderness: 0, idleTimeout: null }),
    source: source.default('http'),
  })
  .refine((value) => (value.schema === undefined) !== (value.builtin === undefined), {
    message: 'name one of `schema: ./file.avsc` and `builtin: Transaction`',
  });

const window = z.strictObject({
  stream: z.string(),
  key: z.string().nullable().optional(),
  window: z.strictObject({ tumbling: duration, offset: duration.default(0) }),
  allowedLateness: duration.default(0),
  aggregate: z.record(name, z.string()),
});

const schedule = z.strictObject({
  cron: z.string().optional(),
  timezone: z.string().default('UTC'),
  every: duration.optional(),
  catchup: z.boolean().default(false),
  retries: z.int().min(0).max(100).default(3),
  retryDelay: duration.default(5000),
  timeout: duration.default(30_000),
  into: z.string(),
  fetch: z.strictObject({
    openMeteo: z.strictObject({
      url: z.string(),
      pastDays: z.int().min(0).max(92).default(1),
      places: z
        .array(
          z.strictObject({
            name: z.string(),
            latitude: z.number().min(-90).max(90),
            longitude: z.number().min(-180).max(180),
          }),
        )
        .min(1)
        .max(1000),
    }),
  }),
});

export const fileSchema = z.strictObject({
  name: z.string().default('millrace'),
  data: z.string().default('./data'),
  http: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(7070),
      token: z.string().nullable().default(null),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  journal: z
    .strictObject({
      durability: z.enum(['fsync', 'os']).default('fsync'),
      segment: size.default(64 * 1024 * 1024),
      snapshotEvents: z.int().min(1).default(1_000_000),
      snapshotInterval: duration.default(60_000),
    })
    .prefault({}),
  runtime: z.strictObject({ queueBatches: z.int().min(2).max(1024).default(16) }).prefault({}),
  supervision: z
    .strictObject({
      intensity: z.int().min(0).default(5),
      period: duration.default(30_000),
      minBackoff: duration.default(200),
      maxBackoff: duration.default(10_000),
      jitter: z.number().min(0).max(1).default(0.2),
      shutdown: duration.default(5000),
    })
    .prefault({}),
  streams: z.record(name, stream),
  windows: z.record(name, window).default({}),
  schedules: z.record(name, schedule).default({}),
  fraud: z
    .strictObject({
      stream: z.string(),
      session: duration.default(1_800_000),
      caseQuiet: duration.default(7 * 86_400_000),
      rules: z
        .strictObject({
          amountCents: z.int().min(0).default(22_000),
          velocity: z.int().min(1).default(5),
          deviations: z.number().positive().default(4),
          minHistory: z.int().min(2).default(10),
        })
        .prefault({}),
    })
    .nullable()
    .default(null),
  sinks: z
    .record(
      name,
      z.union([
        z.strictObject({ log: z.strictObject({}).or(z.null()) }),
        z.strictObject({ webhook: z.strictObject({ url: z.url(), timeout: duration.default(5000) }) }),
      ]),
    )
    .default({}),
});

export type ConfigFile = z.output<typeof fileSchema>;
