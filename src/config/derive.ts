/** From the file's words to what the service uses, and the relations between its parts. */
import type { AvroField, AvroRecord } from '../messages/avro.ts';
import { BUILTIN_TYPES } from '../messages/types.ts';
import type {
  AggregateConfig,
  Config,
  ScheduleConfig,
  SinkConfig,
  SourceConfig,
  StreamConfig,
  WindowConfig,
} from './config.ts';
import type { ConfigFile } from './schema.ts';
import { nearestWord } from './suggest.ts';

/** Told of a relation that does not hold, at the key where it is best mended. */
export type Report = (path: readonly string[], message: string) => void;

export interface DeriveContext {
  readonly report: Report;
  /** Resolves a path of the file against the file's own directory. */
  resolve(path: string): string;
  /** Reads an Avro record schema; throws with a message for people. */
  readSchema(path: string): AvroRecord;
}

export function deriveConfig(file: ConfigFile, context: DeriveContext): Config {
  const { report } = context;
  const streams = Object.entries(file.streams).flatMap(([name, raw]) => streamOf(name, raw, context));
  const windows = Object.entries(file.windows).flatMap(([name, raw]) => windowOf(name, raw, streams, report));
  const schedules = Object.entries(file.schedules).flatMap(([job, raw]) => scheduleOf(job, raw, streams, report));
  for (const { name, source } of streams) {
    if (source.kind === 'job' && !schedules.some(({ job }) => job === source.job)) {
      report(
        ['streams', name, 'source', 'job'],
        unknown(
          'job',
          source.job,
          schedules.map(({ job }) => job),
        ),
      );
    }
  }
  return {
    name: file.name,
    dataDir: file.data,
    http: file.http,
    log: file.log,
    journal: {
      durability: file.journal.durability,
      segmentBytes: file.journal.segment,
      snapshotEveryEvents: file.journal.snapshotEvents,
      snapshotEveryMs: file.journal.snapshotInterval,
    },
    runtime: file.runtime,
    supervision: {
      intensity: file.supervision.intensity,
      periodMs: file.supervision.period,
      minBackoffMs: file.supervision.minBackoff,
      maxBackoffMs: file.supervision.maxBackoff,
      jitter: file.supervision.jitter,
      shutdownMs: file.supervision.shutdown,
    },
    streams,
    windows,
    schedules,
    fraud: fraudOf(file, streams, report),
    sinks: Object.entries(file.sinks).map(([name, raw]) => sinkOf(name, raw)),
  };
}

function streamOf(name: string, raw: ConfigFile['streams'][string], context: DeriveContext): StreamConfig[] {
  const at = ['streams', name];
  const schema = schemaOf(raw, at, context);
  if (schema === null) return [];
  if (fieldOf(schema, raw.key) === undefined) context.report([...at, 'key'], unknownField(schema, raw.key));
  const time = fieldOf(schema, raw.eventTime);
  if (time === undefined) context.report([...at, 'eventTime'], unknownField(schema, raw.eventTime));
  else if (!isTimestamp(time)) {
    context.report([...at, 'eventTime'], `${raw.eventTime} must be a long with logicalType timestamp-millis`);
  }
  const { watermark } = raw;
  return [
    {
      name,
      schema,
      key: raw.key,
      eventTime: raw.eventTime,
      partitions: raw.partitions,
      watermark:
        watermark === 'scripted'
          ? { kind: 'scripted' }
          : { kind: 'bounded', outOfOrdernessMs: watermark.outOfOrderness, idleTimeoutMs: watermark.idleTimeout },
      source: sourceOf(raw.source, context),
    },
  ];
}

function schemaOf(
  raw: ConfigFile['streams'][string],
  at: readonly string[],
  context: DeriveContext,
): AvroRecord | null {
  if (raw.builtin !== undefined) {
    const type = BUILTIN_TYPES.find(({ schema }) => schema.name === raw.builtin);
    if (type !== undefined) return type.schema;
    const known = BUILTIN_TYPES.map(({ schema }) => schema.name);
    context.report([...at, 'builtin'], unknown('built-in schema', raw.builtin, known));
    return null;
  }
  if (raw.schema === undefined) return null;
  try {
    return context.readSchema(context.resolve(raw.schema));
  } catch (error) {
    context.report([...at, 'schema'], error instanceof Error ? error.message : String(error));
    return null;
  }
}

function sourceOf(raw: ConfigFile['streams'][string]['source'], context: DeriveContext): SourceConfig {
  if (raw === 'http' || 'http' in raw) return { kind: 'http' };
  if ('job' in raw) return { kind: 'job', job: raw.job };
  if ('file' in raw) return { kind: 'file', path: context.resolve(raw.file.path) };
  const { rate, ...rest } = raw.generator;
  return { kind: 'generator', ratePerSecond: rate, ...rest };
}

function windowOf(
  name: string,
  raw: ConfigFile['windows'][string],
  streams: readonly StreamConfig[],
  report: Report,
): WindowConfig[] {
  const at = ['windows', name];
  const stream = streams.find((candidate) => candidate.name === raw.stream);
  if (stream === undefined) {
    report(
      [...at, 'stream'],
      unknown(
        'stream',
        raw.stream,
        streams.map((candidate) => candidate.name),
      ),
    );
    return [];
  }
  const key = raw.key === undefined ? stream.key : raw.key;
  if (key !== null && fieldOf(stream.schema, key) === undefined)
    report([...at, 'key'], unknownField(stream.schema, key));
  if (raw.window.tumbling <= 0) report([...at, 'window', 'tumbling'], 'a window must be longer than 0');
  const aggregates = Object.entries(raw.aggregate).flatMap(([result, text]) =>
    aggregateOf(result, text, stream.schema, [...at, 'aggregate', result], report),
  );
  const spans = key !== stream.key && stream.partitions > 1;
  for (const { name: result, fn } of aggregates) {
    if (spans && (fn === 'first' || fn === 'last')) {
      report(
        [...at, 'aggregate', result],
        `${fn}() of a group that spans partitions has no order; key the window by ${stream.key}`,
      );
    }
  }
  return [
    {
      name,
      stream: raw.stream,
      key,
      window: { kind: 'tumbling', sizeMs: raw.window.tumbling, offsetMs: raw.window.offset },
      allowedLatenessMs: raw.allowedLateness,
      aggregates,
    },
  ];
}

const FUNCTIONS = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last'] as const;

function aggregateOf(
  name: string,
  text: string,
  schema: AvroRecord,
  at: readonly string[],
  report: Report,
): AggregateConfig[] {
  const match = /^\s*([a-z]+)\s*\(\s*([A-Za-z_][A-Za-z0-9_]*)?\s*\)\s*$/.exec(text);
  const fn = FUNCTIONS.find((candidate) => candidate === match?.[1]);
  if (match === null || fn === undefined) {
    report(
      at,
      `${JSON.stringify(text)} is not an aggregate such as count() or sum(field); known: ${FUNCTIONS.join(', ')}`,
    );
    return [];
  }
  if (fn === 'count') return [{ name, fn, field: null }];
  const field = fieldOf(schema, match[2] ?? '');
  if (field === undefined) {
    report(at, match[2] === undefined ? `${fn}() needs a field` : unknownField(schema, match[2]));
    return [];
  }
  if (!isNumeric(field)) report(at, `${field.name} is not a number`);
  return [{ name, fn, field: field.name }];
}

function scheduleOf(
  job: string,
  raw: ConfigFile['schedules'][string],
  streams: readonly StreamConfig[],
  report: Report,
): ScheduleConfig[] {
  const at = ['schedules', job];
  const into = streams.find((stream) => stream.name === raw.into);
  if (into === undefined)
    report(
      [...at, 'into'],
      unknown(
        'stream',
        raw.into,
        streams.map((stream) => stream.name),
      ),
    );
  else if (into.schema.name !== 'WeatherObservation')
    report([...at, 'into'], `${raw.into} is not a stream of WeatherObservation`);
  const { openMeteo } = raw.fetch;
  const common = {
    job,
    catchup: raw.catchup,
    retries: raw.retries,
    retryDelayMs: raw.retryDelay,
    timeoutMs: raw.timeout,
    fetch: { kind: 'open-meteo' as const, ...openMeteo },
    into: raw.into,
  };
  if (raw.cron !== undefined && raw.every === undefined) {
    return [{ ...common, trigger: { kind: 'cron', expression: raw.cron, timezone: raw.timezone } }];
  }
  if (raw.every !== undefined && raw.cron === undefined)
    return [{ ...common, trigger: { kind: 'every', everyMs: raw.every } }];
  report(at, 'name one of `cron: "0 * * * *"` and `every: 15s`');
  return [];
}

function fraudOf(file: ConfigFile, streams: readonly StreamConfig[], report: Report): Config['fraud'] {
  const { fraud } = file;
  if (fraud === null) return null;
  const stream = streams.find((candidate) => candidate.name === fraud.stream);
  if (stream === undefined) {
    report(
      ['fraud', 'stream'],
      unknown(
        'stream',
        fraud.stream,
        streams.map((candidate) => candidate.name),
      ),
    );
  } else if (stream.schema.name !== 'Transaction' || stream.key !== 'customerId') {
    report(['fraud', 'stream'], `${fraud.stream} must be a stream of \`builtin: Transaction\` keyed by customerId`);
  }
  const { velocity, ...rules } = fraud.rules;
  return {
    stream: fraud.stream,
    sessionGapMs: fraud.session,
    caseQuietMs: fraud.caseQuiet,
    rules: { velocityCount: velocity, ...rules },
  };
}

function sinkOf(name: string, raw: ConfigFile['sinks'][string]): SinkConfig {
  if ('log' in raw) return { kind: 'log', name };
  return { kind: 'webhook', name, url: raw.webhook.url, timeoutMs: raw.webhook.timeout };
}

function fieldOf(schema: AvroRecord, name: string): AvroField | undefined {
  return schema.fields.find((field) => field.name === name);
}

function isTimestamp({ type }: AvroField): boolean {
  return typeof type === 'object' && 'logicalType' in type && type.logicalType === 'timestamp-millis';
}

function isNumeric(field: AvroField): boolean {
  const { type } = field;
  return isTimestamp(field) || (typeof type === 'string' && ['int', 'long', 'float', 'double'].includes(type));
}

function unknownField(schema: AvroRecord, name: string): string {
  return unknown(
    `field of ${schema.name}`,
    name,
    schema.fields.map((field) => field.name),
  );
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  const hint = nearest === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return `there is no ${what} ${JSON.stringify(name)}; ${hint}`;
}
