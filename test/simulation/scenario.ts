/** The configuration that is simulated: small bounds, so that every limit is met often. */

import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/config.ts';
import type { JoinConfig } from '../../src/config/sections/declared-join.ts';
import type { OperatorConfig } from '../../src/config/sections/declared-user-operator.ts';
import type { StreamConfig } from '../../src/config/sections/streams.ts';
import type { WindowConfig } from '../../src/config/sections/windows.ts';
import { rulesOfLimits } from '../../src/fraud/default-rules.ts';
import { transactionSchema } from '../../src/fraud/schemas.ts';
import { NO_ALERTS } from '../../src/jobs/job.ts';
import type { Durability } from '../../src/journal/log.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';
import { readDefinition } from '../../src/operators/definition.ts';
import { outputSchema, outputStream } from '../../src/operators/output-writer.ts';
import { loadUserModule } from '../../src/user-code/load-module.ts';
import { weatherObservationSchema } from '../../src/weather/observation.ts';
import { OUT_OF_ORDERNESS_MS } from './input.ts';
import { WEATHER_URL, WEBHOOK_URL } from './network.ts';

export const PAYMENTS = 'payments';
export const WEB = 'web';
export const WEATHER = 'weather';
const SINK = 'hook';
const JOB = 'forecast';
const RETRY = { retries: 2, baseMs: 2_000, factor: 2, capMs: 3_600_000 };

const MINUTE_MS = 60_000;

const AGGREGATES = [
  { name: 'count', fn: 'count', field: null },
  { name: 'cents', fn: 'sum', field: 'amountCents' },
  { name: 'largest', fn: 'max', field: 'amountCents' },
] as const;

export const WINDOWS: readonly WindowConfig[] = [
  {
    name: 'by-customer',
    stream: PAYMENTS,
    key: 'customerId',
    window: { kind: 'tumbling', sizeMs: 5 * MINUTE_MS, offsetMs: 0 },
    allowedLatenessMs: MINUTE_MS,
    earlyMs: null,
    where: null,
    aggregates: AGGREGATES,
  },
  {
    name: 'total',
    stream: PAYMENTS,
    key: null,
    window: { kind: 'tumbling', sizeMs: 15 * MINUTE_MS, offsetMs: MINUTE_MS },
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: AGGREGATES,
  },
  {
    name: 'by-terminal',
    stream: PAYMENTS,
    key: 'terminalId',
    window: { kind: 'session', gapMs: 2 * MINUTE_MS },
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: AGGREGATES,
  },
];

const MODULE = fileURLToPath(new URL('../fixtures/operators/payments.js', import.meta.url));
const { exported, sha256 } = loadUserModule(MODULE);

/** One beside the windows, and one behind an exchange, which has timers and takes events by their times. */
export const OPERATORS: readonly OperatorConfig[] = [
  operatorOf('of-customer', { key: 'customerId', order: 'arrival', onError: 'deadLetter', quietMs: 0 }),
  operatorOf('of-terminal', { key: 'terminalId', order: 'time', onError: 'deadLetter', quietMs: MINUTE_MS }),
];

const byKey = (key: string) => ({ leftKey: key, rightKey: key, leftRef: null, where: null });
export const JOINS: readonly JoinConfig[] = [
  // Of a stream with itself: both sides come by one log, as two input channels.
  {
    name: 'near',
    ...{ left: PAYMENTS, right: PAYMENTS, ...byKey('terminalId') },
    spec: { kind: 'interval', type: 'inner', withinMs: MINUTE_MS, graceMs: 0 },
  },
  {
    name: 'on-the-web',
    ...{ left: PAYMENTS, right: WEB, ...byKey('customerId') },
    spec: { kind: 'interval', type: 'outer', withinMs: 10 * MINUTE_MS, graceMs: 0 },
  },
  {
    name: 'paid-before',
    ...{ left: WEB, right: PAYMENTS, ...byKey('customerId') },
    spec: { kind: 'table', type: 'left', graceMs: 0, historyMs: 10 * MINUTE_MS },
  },
];

interface OwnOperator extends Pick<OperatorConfig, 'order' | 'onError'> {
  readonly key: string;
  readonly quietMs: number;
}

function operatorOf(name: string, { key, order, onError, quietMs }: OwnOperator): OperatorConfig {
  const keyType = 'long';
  return {
    ...{ name, module: MODULE, sha256, input: { [PAYMENTS]: key }, options: { quietMs } },
    ...{ order, ttlMs: null, onError, keyType },
    outputs: [...readDefinition(exported).outputs].map(([output, fields]) => {
      return { stream: outputStream(name, output), schema: outputSchema(name, output, fields, keyType) };
    }),
  };
}

/** A call that does not return is given up after so long. */
const STUCK_AFTER_MS = 5_000;

export function scenario(
  dataDir: string,
  partitions: number,
  threads: number,
  durability: Durability = 'fsync',
): Config {
  const stream = (name: string, overrides: Partial<StreamConfig>): StreamConfig => ({
    name,
    schema: transactionSchema,
    builtin: 'Transaction',
    schemaFile: null,
    key: 'customerId',
    eventTime: 'occurredAt',
    partitions,
    watermark: { kind: 'bounded', outOfOrdernessMs: OUT_OF_ORDERNESS_MS, idleTimeoutMs: null, maxAheadMs: null },
    expectations: [],
    source: { kind: 'http' },
    format: STANDARD_FORMAT,
    ...overrides,
  });
  return {
    name: 'simulation',
    tracing: null,
    checks: [],
    engines: { trino: null, spark: null, command: null },
    dataDir,
    kafka: null,
    stores: { on: ['sqlite', 'duckdb'], declared: [], holdJournalMs: null },
    http: {
      host: '127.0.0.1',
      port: 0,
      token: null,
      tokens: [],
      hosts: [],
      tls: null,
      sessionAgeMs: 60_000,
      maxBodyBytesInFlight: 1 << 27,
      idempotency: { ageMs: 365 * 86_400_000, keys: 100_000 },
    },
    log: { level: 'debug' },
    journal: {
      durability,
      segmentBytes: 24 * 1024,
      snapshotEveryEvents: 400,
      snapshotEveryMs: 60_000,
      retention: { ageMs: null, maxBytes: null },
      tier: null,
    },
    runtime: { queueBatches: 8, threads, lingerMs: 0 },
    functions: [],
    supervision: {
      intensity: 5,
      quarantineAfter: 3,
      stuckAfterMs: STUCK_AFTER_MS,
      periodMs: 30_000,
      minBackoffMs: 50,
      maxBackoffMs: 2_000,
      jitter: 0.2,
      shutdownMs: 20_000,
    },
    streams: [
      stream(PAYMENTS, {}),
      stream(WEB, { partitions: 2 }),
      stream(WEATHER, {
        schema: weatherObservationSchema,
        builtin: 'WeatherObservation',
        key: 'place',
        eventTime: 'observedAt',
        partitions: 1,
        source: { kind: 'job', job: JOB },
      }),
    ],
    windows: WINDOWS,
    operators: OPERATORS,
    features: [],
    derived: [],
    views: [],
    joins: JOINS,
    pools: { default: 32 },
    commands: [],
    jobs: [
      {
        name: JOB,
        trigger: { kind: 'every', everyMs: 15_000 },
        catchup: 'all',
        catchupMax: 10_000,
        startAtMs: null,
        lookback: 0,
        overlap: 'queue',
        maxActiveRuns: 1,
        dependsOnPast: false,
        priority: 0,
        retry: RETRY,
        timeoutMs: null,
        alert: NO_ALERTS,
        params: {},
        steps: [
          {
            name: 'load',
            needs: [],
            when: 'success',
            retry: RETRY,
            ownRetries: false,
            timeoutMs: 10_000,
            pool: 'default',
            map: null,
            settings: {
              kind: 'fetch',
              fetch: {
                kind: 'openMeteo',
                url: WEATHER_URL,
                places: [
                  { name: 'north', latitude: 60, longitude: 10 },
                  { name: 'south', latitude: 40, longitude: 10 },
                ],
                pastDays: 1,
              },
              into: WEATHER,
            },
          },
        ],
      },
    ],
    fraud: {
      stream: PAYMENTS,
      sessionGapMs: 10 * MINUTE_MS,
      caseQuietMs: 30 * MINUTE_MS,
    },
    rules: rulesOfLimits({ amountCents: 40_000, velocityCount: 8, deviations: 6, minHistory: 10 }).map((rule) => ({
      ...rule,
      stream: PAYMENTS,
      enabled: true,
    })),
    sinks: [
      {
        kind: 'webhook',
        name: SINK,
        from: ['alerts'],
        startFrom: null,
        holdJournalMs: null,
        url: WEBHOOK_URL,
        timeoutMs: 5_000,
        batch: { events: 1, bytes: 1024 },
        giveUpAfterMs: 10 * MINUTE_MS,
      },
    ],
  };
}
