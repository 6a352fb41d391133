/** From the file's words to what the service uses, and the relations between its parts. */
import type { AvroRecord } from '../messages/avro.ts';
import { transactionType, weatherObservationType } from '../messages/types.ts';
import { columnProblem, isBuiltinTable } from '../projections/stream-tables.ts';
import { timetable } from '../schedule/timetable.ts';
import type {
  Config,
  FraudConfig,
  JoinConfig,
  ScheduleConfig,
  SinkConfig,
  SourceConfig,
  StreamConfig,
} from './config.ts';
import { derivedOf } from './derived.ts';
import { expectationsOf } from './expectations.ts';
import { httpOf } from './http.ts';
import { inputProblem } from './inputs.ts';
import { joinOf, relationsOf } from './joins.ts';
import { fieldOf, fullName, isKey, isTimestamp, type Report, unknownField, unknownName } from './names.ts';
import type { ConfigFile } from './schema.ts';
import { windowOf } from './windows.ts';

type RawStream = ConfigFile['streams'][string];
type RawSchedule = ConfigFile['schedules'][string];

export interface DeriveContext {
  readonly report: Report;
  /** Resolves a path of the file against the file's own directory. */
  resolve(path: string): string;
  /** Reads an Avro record schema; throws with a message for people. */
  readSchema(path: string): AvroRecord;
}

/** Those that a stream may be of. */
const BUILTINS = [transactionType, weatherObservationType] as const;

/** Whatever does not hold is reported; the result is of use only when nothing was. */
export function deriveConfig(file: ConfigFile, context: DeriveContext): Config {
  const { report } = context;
  const streams = Object.entries(file.streams).flatMap(([name, raw]) => streamOf(name, raw, context) ?? []);
  checkStreamNames(file, report);
  checkSchemaNames(streams, report);
  const derived = Object.entries(file.derived).flatMap(([name, raw]) => derivedOf(name, raw, streams, report) ?? []);
  // What is of one that is wrong is not wrong for that.
  const isKnowable = (stream: string): boolean =>
    !Object.hasOwn(file.derived, stream) || derived.some(({ name }) => name === stream);
  const joins: JoinConfig[] = [];
  for (const [name, raw] of Object.entries(file.joins)) {
    if (![raw.left, 'table' in raw ? raw.table : raw.right].every(isKnowable)) continue;
    const join = joinOf(name, raw, relationsOf(streams, derived, joins), report);
    if (join !== null) joins.push(join);
  }
  const relations = relationsOf(streams, derived, joins);
  const { minBackoff, maxBackoff, shutdown, period, ...supervision } = file.supervision;
  if (minBackoff > maxBackoff) report(['supervision', 'minBackoff'], 'must not be longer than maxBackoff');
  const config: Config = {
    name: file.name,
    dataDir: file.data,
    http: httpOf(file.http, report),
    log: file.log,
    journal: {
      durability: file.journal.durability,
      segmentBytes: file.journal.segment,
      snapshotEveryEvents: file.journal.snapshotEvents,
      snapshotEveryMs: file.journal.snapshotInterval,
      retention: { ageMs: file.journal.retention.age, maxBytes: file.journal.retention.size },
    },
    runtime: file.runtime,
    supervision: {
      ...supervision,
      periodMs: period,
      minBackoffMs: minBackoff,
      maxBackoffMs: maxBackoff,
      shutdownMs: shutdown,
    },
    streams,
    windows: Object.entries(file.windows).flatMap(([name, raw]) =>
      isKnowable(raw.stream) ? (windowOf(name, raw, relations, report) ?? []) : [],
    ),
    joins,
    derived,
    schedules: Object.entries(file.schedules).flatMap(([job, raw]) => scheduleOf(job, raw, streams, report) ?? []),
    fraud: file.fraud === null ? null : fraudOf(file.fraud, streams, report),
    sinks: Object.entries(file.sinks).map(([name, raw]) => sinkOf(name, raw)),
  };
  checkJobs(config, Object.keys(file.schedules), report);
  return config;
}

function streamOf(name: string, raw: RawStream, context: DeriveContext): StreamConfig | null {
  const at = ['streams', name];
  const { report } = context;
  const schema = schemaOf(raw, at, context);
  if (schema === null) return null;
  const key = fieldOf(schema, raw.key);
  if (key === undefined) report([...at, 'key'], unknownField(schema, raw.key));
  else if (!isKey(key)) report([...at, 'key'], `${raw.key} can't be a key: it is neither text nor a whole number`);
  const time = fieldOf(schema, raw.eventTime);
  if (time === undefined) report([...at, 'eventTime'], unknownField(schema, raw.eventTime));
  else if (!isTimestamp(time)) {
    report([...at, 'eventTime'], `${raw.eventTime} must be a long with logicalType timestamp-millis`);
  }
  if (raw.schema !== undefined) {
    if (isBuiltinTable(name))
      report(at, 'is a name that the read models keep for a table of their own; choose another');
    const problem = columnProblem(schema);
    if (problem !== null) report([...at, 'schema'], problem);
  }
  const source = sourceOf(raw.source, context);
  const unreadable = inputProblem(source, schema, raw.key);
  if (unreadable !== null) report([...at, unreadable.key], unreadable.message);
  if (source.kind === 'generator' && schema !== transactionType.schema) {
    report([...at, 'source'], 'the generator makes transactions; the stream must be `builtin: Transaction`');
  }
  const { watermark } = raw;
  return {
    name,
    schema,
    builtin: raw.builtin ?? null,
    schemaFile: raw.schema === undefined ? null : context.resolve(raw.schema),
    expectations: expectationsOf(raw.expect, schema, [...at, 'expect'], report),
    key: raw.key,
    eventTime: raw.eventTime,
    partitions: raw.partitions,
    watermark:
      watermark === 'scripted'
        ? { kind: 'scripted' }
        : {
            kind: 'bounded',
            outOfOrdernessMs: watermark.outOfOrderness,
            idleTimeoutMs: watermark.idleTimeout,
            maxAheadMs: watermark.maxAhead,
          },
    source,
  };
}

function schemaOf(raw: RawStream, at: readonly string[], context: DeriveContext): AvroRecord | null {
  if (raw.builtin !== undefined) {
    const type = BUILTINS.find(({ schema }) => schema.name === raw.builtin);
    if (type !== undefined) return type.schema;
    const known = BUILTINS.map(({ schema }) => schema.name);
    context.report([...at, 'builtin'], unknownName('built-in schema', raw.builtin, known));
  }
  if (raw.schema === undefined) return null;
  try {
    return context.readSchema(context.resolve(raw.schema));
  } catch (error) {
    context.report([...at, 'schema'], error instanceof Error ? error.message : String(error));
    return null;
  }
}

function sourceOf(raw: RawStream['source'], context: DeriveContext): SourceConfig {
  if (raw === 'http' || 'http' in raw) return { kind: 'http' };
  if ('job' in raw) return { kind: 'job', job: raw.job };
  if ('file' in raw) return { kind: 'file', path: context.resolve(raw.file.path) };
  const { rate, ...rest } = raw.generator;
  return { kind: 'generator', ratePerSecond: rate, ...rest };
}

/**
 * Windows and streams share one space of names, with the streams that are derived from them. Case does not tell two
 * apart: it does not in the analytics store's table names, nor in every file system.
 */
function checkStreamNames(file: ConfigFile, report: Report): void {
  const taken = new Map<string, string>();
  for (const section of ['streams', 'windows', 'joins', 'derived'] as const) {
    for (const name of Object.keys(file[section])) {
      const reserved = /^(millrace|fraud)\.|\.(late|dead-letters|repartition)$/.exec(name);
      if (reserved !== null) report([section, name], `${reserved[0]} is for derived streams; choose another name`);
      const folded = name.toLowerCase();
      const other = taken.get(folded);
      if (other !== undefined) report([section, name], `is too like the name ${other}, which is taken`);
      taken.set(folded, name);
      if (section === 'windows' && folded === 'parts') report([section, name], 'is a reserved name; choose another');
    }
  }
}

/** A block in a log is known by its record's name, so two schemas must not share one. */
function checkSchemaNames(streams: readonly StreamConfig[], report: Report): void {
  const byName = new Map<string, StreamConfig>();
  for (const stream of streams) {
    const name = fullName(stream.schema);
    const other = byName.get(name) ?? stream;
    byName.set(name, other);
    if (JSON.stringify(other.schema) === JSON.stringify(stream.schema)) continue;
    report(['streams', stream.name, 'schema'], `${name} is another record than the ${name} of stream ${other.name}`);
  }
}

function scheduleOf(
  job: string,
  raw: RawSchedule,
  streams: readonly StreamConfig[],
  report: Report,
): ScheduleConfig | null {
  const at = ['schedules', job];
  const into = streams.find((stream) => stream.name === raw.into);
  const known = streams.map((stream) => stream.name);
  if (into === undefined) report([...at, 'into'], unknownName('stream', raw.into, known));
  else if (into.schema !== weatherObservationType.schema) {
    report([...at, 'into'], `${raw.into} must be a stream of \`builtin: WeatherObservation\``);
  } else if (into.source.kind !== 'job' || into.source.job !== job) {
    report([...at, 'into'], `${raw.into} must have \`source: { job: ${job} }\``);
  }
  const places = raw.fetch.openMeteo.places.map((place) => place.name);
  for (const [index, name] of places.entries()) {
    if (places.indexOf(name) === index) continue;
    report([...at, 'fetch', 'openMeteo', 'places', String(index)], `${name} is the name of another place already`);
  }
  const trigger = triggerOf(raw, at, report);
  if (trigger === null) return null;
  return {
    job,
    trigger,
    catchup: raw.catchup,
    retries: raw.retries,
    retryDelayMs: raw.retryDelay,
    timeoutMs: raw.timeout,
    fetch: { kind: 'open-meteo', ...raw.fetch.openMeteo },
    into: raw.into,
  };
}

function triggerOf(raw: RawSchedule, at: readonly string[], report: Report): ScheduleConfig['trigger'] | null {
  if ((raw.cron === undefined) === (raw.every === undefined)) {
    report(at, 'name one of `cron: "0 * * * *"` and `every: 15s`');
    return null;
  }
  try {
    if (raw.every !== undefined) {
      timetable({ everyMs: raw.every });
      return { kind: 'every', everyMs: raw.every };
    }
    const expression = raw.cron ?? '';
    timetable({ cron: expression, timeZone: raw.timezone });
    return { kind: 'cron', expression, timezone: raw.timezone };
  } catch (error) {
    report([...at, raw.every === undefined ? 'cron' : 'every'], error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** A stream that waits for a job is fed by it. */
function checkJobs({ streams, schedules }: Config, declared: readonly string[], report: Report): void {
  for (const { name, source } of streams) {
    if (source.kind !== 'job') continue;
    const at = ['streams', name, 'source', 'job'];
    const schedule = schedules.find(({ job }) => job === source.job);
    if (!declared.includes(source.job)) report(at, unknownName('job', source.job, declared));
    else if (schedule !== undefined && schedule.into !== name) {
      report(at, `the job ${source.job} brings its events into ${schedule.into}`);
    }
  }
}

function fraudOf(raw: NonNullable<ConfigFile['fraud']>, streams: readonly StreamConfig[], report: Report): FraudConfig {
  const stream = streams.find((candidate) => candidate.name === raw.stream);
  const known = streams.map((candidate) => candidate.name);
  if (stream === undefined) report(['fraud', 'stream'], unknownName('stream', raw.stream, known));
  else if (stream.schema !== transactionType.schema || stream.key !== 'customerId') {
    report(['fraud', 'stream'], `${raw.stream} must be a stream of \`builtin: Transaction\` keyed by customerId`);
  }
  if (raw.session <= 0) report(['fraud', 'session'], 'must be longer than 0');
  const { velocity, ...rules } = raw.rules;
  return {
    stream: raw.stream,
    sessionGapMs: raw.session,
    caseQuietMs: raw.caseQuiet,
    rules: { velocityCount: velocity, ...rules },
  };
}

function sinkOf(name: string, raw: ConfigFile['sinks'][string]): SinkConfig {
  if ('log' in raw) return { kind: 'log', name };
  return {
    kind: 'webhook',
    name,
    url: raw.webhook.url,
    timeoutMs: raw.webhook.timeout,
    giveUpAfterMs: raw.giveUpAfter,
  };
}
