/**
 * The pipeline file, key by key, as it is written. Strict: a key that is not here is an error. Its descriptions are
 * the comments of a printed file and the hints of an editor; whatever relates two keys is in derive.ts.
 */

import { z } from 'zod';
import { derived, join, window } from './derivation-schema.ts';
import { expectation } from './expectation-schema.ts';
import { duration, instant, name, secret, segmentSize, size, timer, url } from './value-schema.ts';

const source = z.union([
  z.literal('http'),
  z.strictObject({ http: z.strictObject({}).nullable() }),
  z.strictObject({ job: z.string() }),
  z.strictObject({ file: z.strictObject({ path: z.string().min(1) }) }),
  z.strictObject({
    generator: z.strictObject({
      seed: z.int().min(0).max(0xffff_ffff).default(1).describe('The same seed gives the same transactions.'),
      rate: z.number().min(0).default(2000).describe('Events a second; 0 is as fast as the pipeline takes them.'),
      customers: z.int().min(1).max(10_000_000).default(5000),
      terminals: z.int().min(1).max(10_000_000).default(10_000),
      startAt: instant.prefault('2018-04-01').describe('The first simulated day.'),
      days: z.int().min(1).nullable().default(null).describe('Simulated days; null for no end.'),
    }),
  }),
]);

const stream = z
  .strictObject({
    schema: z.string().min(1).optional().describe("An Avro record schema, relative to this file's folder."),
    builtin: z.string().optional().describe('A built-in schema instead: Transaction or WeatherObservation.'),
    key: z.string().describe('The field that decides the partition.'),
    eventTime: z.string().describe('A timestamp-millis field.'),
    partitions: z.int().min(1).max(64).default(1),
    watermark: z
      .union([
        z.literal('scripted'),
        z.strictObject({
          outOfOrderness: duration
            .prefault('0s')
            .describe('How far an event may come behind a later one, and be on time.'),
          idleTimeout: timer
            .nullable()
            .prefault(null)
            .describe('A partition so long without events holds no window back.'),
          maxAhead: duration
            .nullable()
            .prefault(null)
            .describe('An event whose time is farther beyond the wall clock is a dead letter.'),
        }),
      ])
      .prefault({}),
    source: source.default('http').describe('Where its events come from: http, { job }, { file } or { generator }.'),
    expect: z.array(expectation).default([]).describe('What has to hold of each event.'),
  })
  .refine((value) => (value.schema === undefined) !== (value.builtin === undefined), {
    message: 'name one of `schema: ./file.avsc` and `builtin: Transaction`',
  });

const place = z.strictObject({
  name: z.string().min(1),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});

const schedule = z.strictObject({
  cron: z.string().optional().describe('When it runs, such as "5 * * * *".'),
  timezone: z.string().default('UTC').describe('The IANA time zone of cron.'),
  every: duration.optional().describe('When it runs, instead of cron.'),
  catchup: z.boolean().default(false).describe('After downtime: true for every missed interval, false for the latest.'),
  retries: z.int().min(0).max(100).default(3),
  retryDelay: timer.prefault('5s').describe('Before the first retry; it doubles with each.'),
  timeout: timer.prefault('30s'),
  into: z.string().describe('The stream that it feeds.'),
  fetch: z.strictObject({
    openMeteo: z.strictObject({
      url: z
        .union([z.literal('demo'), url])
        .describe('`demo` is the server on loopback that plays recorded observations.'),
      pastDays: z.int().min(0).max(92).default(1),
      places: z.array(place).min(1).max(1000),
    }),
  }),
});

const fraud = z.strictObject({
  stream: z.string(),
  session: duration.prefault('30m').describe("A card's transactions with no longer pause between them."),
  caseQuiet: duration.prefault('7d').describe('A case without a hit for so long expires.'),
  rules: z
    .strictObject({
      amountCents: z.int().min(0).default(22_000).describe('A larger single amount.'),
      velocity: z.int().min(1).default(5).describe('More transactions than this in a session.'),
      deviations: z.number().positive().default(4).describe('Farther above the own mean, in standard deviations.'),
      minHistory: z.int().min(2).default(10).describe('Transactions before the own mean says anything.'),
    })
    .prefault({}),
});

const sink = z.union([
  z.strictObject({ log: z.strictObject({}).nullable() }),
  z.strictObject({
    webhook: z.strictObject({ url, timeout: timer.prefault('5s') }),
    giveUpAfter: duration
      .prefault('3d')
      .describe('An alert that the receiver has not taken by this age is a dead letter; `dlq replay` sends it again.'),
  }),
]);

export const fileSchema = z.strictObject({
  name: z.string().min(1).default('millrace').describe('What the dashboard calls it.'),
  data: z.string().min(1).default('./data').describe('Where everything is kept, relative to the working directory.'),
  http: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .default('127.0.0.1')
        .describe('Beyond loopback a token of at least 16 characters is required.'),
      port: z.int().min(0).max(65_535).default(7070).describe('0 takes any free one.'),
      token: secret
        .nullable()
        .default(null)
        .describe('What a client has to send. Better taken from the environment than written here.'),
      hosts: z
        .array(z.string().min(1))
        .default([])
        .describe('Names besides loopback and `host` that it is reached by, such as that of a reverse proxy.'),
      maxBodyBytesInFlight: size
        .prefault('128MB')
        .describe('Request bodies that are read or worked on have at most so much, over all requests; beyond it 503.'),
      idempotency: z
        .strictObject({
          age: duration.prefault('1d').describe('So long an Idempotency-Key is known, and its request taken once.'),
          keys: z.int().min(1).max(1_000_000).default(10_000).describe('At most so many keys of each partition.'),
        })
        .prefault({}),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  journal: z
    .strictObject({
      durability: z
        .enum(['fsync', 'os'])
        .default('fsync')
        .describe('fsync: what was acknowledged survives a power cut. os: only a crash of the process.'),
      segment: segmentSize.prefault('64MB').describe('A segment of this size is closed, and a new one begun.'),
      snapshotEvents: z.int().min(1).default(1_000_000).describe('Events between two snapshots of state.'),
      snapshotInterval: timer.prefault('1m').describe('Time between two snapshots of state.'),
      retention: z
        .strictObject({
          age: duration.nullable().prefault(null).describe('Old segments go once all of their events are older.'),
          size: size.nullable().prefault(null).describe('The oldest segments of a log go while it is larger.'),
        })
        .prefault({})
        .describe('What may go of what the read models and the snapshots do not need. By default nothing does.'),
    })
    .prefault({}),
  runtime: z
    .strictObject({
      queueBatches: z.int().min(2).max(1024).default(16).describe('Batches that wait for a partition at most.'),
      threads: z
        .int()
        .min(0)
        .max(64)
        .default(0)
        .describe('Worker threads that the partitions are spread over; 0 computes them all in the main one.'),
    })
    .prefault({}),
  supervision: z
    .strictObject({
      intensity: z.int().min(0).default(5).describe('More restarts than this within `period` escalate.'),
      period: timer.prefault('30s'),
      quarantineAfter: z
        .int()
        .min(1)
        .max(100)
        .default(3)
        .describe('A batch that fails so often is divided, and what fails in it becomes a dead letter.'),
      minBackoff: timer.prefault('200ms').describe('Before the first restart; it doubles with each.'),
      maxBackoff: timer.prefault('10s'),
      jitter: z.number().min(0).max(1).default(0.2).describe('Random share added to each wait.'),
      shutdown: timer.prefault('5s').describe('An orderly stop may take so long.'),
    })
    .prefault({}),
  streams: z.record(name, stream),
  windows: z.record(name, window).default({}),
  joins: z.record(name, join).default({}),
  derived: z.record(name, derived).default({}),
  schedules: z.record(name, schedule).default({}),
  fraud: fraud.nullable().default(null),
  sinks: z.record(name, sink).default({}).describe('Where alerts go: { log: {} } or { webhook: { url } }.'),
});

export type ConfigFile = z.output<typeof fileSchema>;
