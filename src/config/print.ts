/** A configuration as a pipeline file again: what it reads back as is the same configuration. Secrets are left out. */
import { Document, isPair, isScalar, isMap as isYamlMap } from 'yaml';
import type { Expectation } from '../quality/expectation.ts';
import type {
  Config,
  DerivedConfig,
  JoinConfig,
  ScheduleConfig,
  SinkConfig,
  SourceConfig,
  StreamConfig,
  WindowConfig,
} from './config.ts';
import { fileSchema } from './schema.ts';
import { descriptionAt } from './shape.ts';
import { formatDuration, formatSize } from './units.ts';
import { REDACTED } from './value-schema.ts';

export interface PrintOptions {
  readonly secrets: 'shown' | 'redacted';
}

/** The configuration with its secrets replaced: what may be shown. */
export function redacted(config: Config): Config {
  const { http, sinks, schedules } = config;
  return {
    ...config,
    http: { ...http, token: http.token === null ? null : REDACTED },
    schedules: schedules.map((schedule) => ({
      ...schedule,
      fetch: { ...schedule.fetch, url: withoutQuery(schedule.fetch.url) },
    })),
    sinks: sinks.map((sink) => (sink.kind === 'webhook' ? { ...sink, url: originOnly(sink.url) } : sink)),
  };
}

/** YAML with every default filled in; its comments are the schema's. */
export function printConfig(config: Config, { secrets }: PrintOptions): string {
  return commented(fileOf(secrets === 'shown' ? config : redacted(config)));
}

/** Every setting at its default, with an empty pipeline. */
export function printDefaults(): string {
  const defaults = fileSchema.parse({ streams: {} });
  const { http, journal, supervision } = defaults;
  return commented({
    ...defaults,
    http: httpOf({ ...http, idempotency: { ageMs: http.idempotency.age, keys: http.idempotency.keys } }),
    journal: journalOf({
      durability: journal.durability,
      segmentBytes: journal.segment,
      snapshotEveryEvents: journal.snapshotEvents,
      snapshotEveryMs: journal.snapshotInterval,
      retention: { ageMs: journal.retention.age, maxBytes: journal.retention.size },
    }),
    supervision: supervisionOf({
      ...supervision,
      periodMs: supervision.period,
      minBackoffMs: supervision.minBackoff,
      maxBackoffMs: supervision.maxBackoff,
      shutdownMs: supervision.shutdown,
    }),
  });
}

/** The path or query of a webhook is often its secret. */
function originOnly(url: string): string {
  const { origin, pathname, search, username, password } = new URL(url);
  return pathname === '/' && search === '' && username === '' && password === '' ? url : `${origin}/${REDACTED}`;
}

function withoutQuery(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname, search, username, password } = new URL(url);
  return search === '' && username === '' && password === '' ? url : `${origin}${pathname}?${REDACTED}`;
}

function httpOf({ idempotency, maxBodyBytesInFlight, ...http }: Config['http']): Record<string, unknown> {
  return {
    ...http,
    maxBodyBytesInFlight: formatSize(maxBodyBytesInFlight),
    idempotency: { age: formatDuration(idempotency.ageMs), keys: idempotency.keys },
  };
}

function fileOf(config: Config): Record<string, unknown> {
  return {
    name: config.name,
    data: config.dataDir,
    http: httpOf(config.http),
    log: config.log,
    journal: journalOf(config.journal),
    runtime: config.runtime,
    supervision: supervisionOf(config.supervision),
    streams: Object.fromEntries(config.streams.map((stream) => [stream.name, streamOf(stream)])),
    windows: Object.fromEntries(config.windows.map((window) => [window.name, windowOf(window)])),
    joins: Object.fromEntries(config.joins.map((join) => [join.name, joinOf(join)])),
    derived: Object.fromEntries(config.derived.map((stream) => [stream.name, derivedOf(stream)])),
    schedules: Object.fromEntries(config.schedules.map((schedule) => [schedule.job, scheduleOf(schedule)])),
    fraud: fraudOf(config.fraud),
    sinks: Object.fromEntries(config.sinks.map((sink) => [sink.name, sinkOf(sink)])),
  };
}

function journalOf({ durability, segmentBytes, snapshotEveryEvents, snapshotEveryMs, retention }: Config['journal']) {
  const { ageMs, maxBytes } = retention;
  return {
    durability,
    segment: formatSize(segmentBytes),
    snapshotEvents: snapshotEveryEvents,
    snapshotInterval: formatDuration(snapshotEveryMs),
    retention: {
      age: ageMs === null ? null : formatDuration(ageMs),
      size: maxBytes === null ? null : formatSize(maxBytes),
    },
  };
}

function supervisionOf(supervision: Config['supervision']) {
  return {
    intensity: supervision.intensity,
    period: formatDuration(supervision.periodMs),
    minBackoff: formatDuration(supervision.minBackoffMs),
    maxBackoff: formatDuration(supervision.maxBackoffMs),
    quarantineAfter: supervision.quarantineAfter,
    jitter: supervision.jitter,
    shutdown: formatDuration(supervision.shutdownMs),
  };
}

function streamOf({
  schema: _,
  name: __,
  schemaFile,
  builtin,
  watermark,
  source,
  expectations,
  ...rest
}: StreamConfig) {
  return {
    ...(builtin === null ? { schema: schemaFile } : { builtin }),
    ...rest,
    watermark:
      watermark.kind === 'scripted'
        ? 'scripted'
        : {
            outOfOrderness: formatDuration(watermark.outOfOrdernessMs),
            idleTimeout: watermark.idleTimeoutMs === null ? null : formatDuration(watermark.idleTimeoutMs),
            maxAhead: watermark.maxAheadMs === null ? null : formatDuration(watermark.maxAheadMs),
          },
    source: sourceOf(source),
    expect: expectations.map(expectationOf),
  };
}

function expectationOf(expectation: Expectation): unknown {
  const { onFail } = expectation;
  switch (expectation.kind) {
    case 'that':
      return { that: expectation.condition, onFail };
    case 'notNull':
      return { column: expectation.column, notNull: true, onFail };
    case 'in':
      return { column: expectation.column, in: expectation.values, onFail };
    case 'matches':
      return { column: expectation.column, matches: expectation.pattern, onFail };
    default: {
      const { column, kind, min, max } = expectation;
      return { column, [kind]: [min, max], onFail };
    }
  }
}

function sourceOf(source: SourceConfig): unknown {
  switch (source.kind) {
    case 'http':
      return 'http';
    case 'job':
      return { job: source.job };
    case 'file':
      return { file: { path: source.path } };
    case 'generator': {
      const { kind: _, ratePerSecond, startAt, ...rest } = source;
      return { generator: { ...rest, rate: ratePerSecond, startAt: new Date(startAt).toISOString() } };
    }
  }
}

function joinOf({ left, right, leftKey, rightKey, spec }: JoinConfig) {
  const grace = formatDuration(spec.graceMs);
  const on = { left: leftKey, right: rightKey };
  switch (spec.kind) {
    case 'table':
      return { left, table: right, on, type: spec.type, grace, history: formatDuration(spec.historyMs) };
    case 'interval':
      return { left, right, on, type: spec.type, within: formatDuration(spec.withinMs), grace };
    case 'window':
      return { left, right, on, type: spec.type, window: windowingOf({ ...spec, kind: 'tumbling' }), grace };
  }
}

function derivedOf({ stream, where, fields }: DerivedConfig) {
  return { stream, where, select: Object.fromEntries(fields.map(({ name, expression }) => [name, expression])) };
}

function windowOf({ stream, key, window, allowedLatenessMs, earlyMs, where, top, aggregates }: WindowConfig) {
  return {
    stream,
    key,
    window: windowingOf(window),
    allowedLateness: formatDuration(allowedLatenessMs),
    early: earlyMs === null ? null : formatDuration(earlyMs),
    where,
    top: top ?? null,
    aggregate: Object.fromEntries(
      aggregates.map(({ name, fn, field, by, argument }) => [
        name,
        `${fn}(${[field ?? [], by ?? [], argument ?? []].flat().join(', ')})`,
      ]),
    ),
  };
}

function windowingOf(window: WindowConfig['window']): unknown {
  switch (window.kind) {
    case 'tumbling':
      return { tumbling: formatDuration(window.sizeMs), offset: formatDuration(window.offsetMs) };
    case 'hopping': {
      const hopping = { size: formatDuration(window.sizeMs), every: formatDuration(window.everyMs) };
      return { hopping, offset: formatDuration(window.offsetMs) };
    }
    case 'sliding':
      return { sliding: formatDuration(window.sizeMs) };
    case 'session':
      return { session: formatDuration(window.gapMs) };
    case 'count':
      return { count: window.count };
  }
}

function scheduleOf({ job: _, trigger, retryDelayMs, timeoutMs, fetch, ...rest }: ScheduleConfig) {
  const { kind: __, ...openMeteo } = fetch;
  return {
    ...(trigger.kind === 'cron'
      ? { cron: trigger.expression, timezone: trigger.timezone }
      : { every: formatDuration(trigger.everyMs) }),
    ...rest,
    retryDelay: formatDuration(retryDelayMs),
    timeout: formatDuration(timeoutMs),
    fetch: { openMeteo },
  };
}

function fraudOf(fraud: Config['fraud']) {
  if (fraud === null) return null;
  const { velocityCount, ...rules } = fraud.rules;
  return {
    stream: fraud.stream,
    session: formatDuration(fraud.sessionGapMs),
    caseQuiet: formatDuration(fraud.caseQuietMs),
    rules: { ...rules, velocity: velocityCount },
  };
}

function sinkOf(sink: SinkConfig) {
  if (sink.kind === 'log') return { log: {} };
  const { url, timeoutMs, giveUpAfterMs } = sink;
  return { webhook: { url, timeout: formatDuration(timeoutMs) }, giveUpAfter: formatDuration(giveUpAfterMs) };
}

const WIDTH = 120;

function commented(data: Record<string, unknown>): string {
  const document = new Document(data, { aliasDuplicateObjects: false });
  describe(document.contents, []);
  return document.toString({ lineWidth: WIDTH });
}

function describe(node: unknown, path: readonly string[]): void {
  if (!isYamlMap(node)) return;
  for (const pair of node.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const at = [...path, String(pair.key.value)];
    const description = descriptionAt(at);
    if (description !== undefined) pair.key.commentBefore = ` ${description}`;
    describe(pair.value, at);
  }
}
