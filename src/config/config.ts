/** The configuration as the service uses it: checked, derived, with units in its names, and frozen. */
import type { AvroRecord } from '../messages/avro.ts';
import type { Expectation } from '../quality/expectation.ts';
import type { AggregateSpec } from '../streams/aggregate-function.ts';
import type { JoinSpec } from '../streams/join-kind.ts';
import type { SelectionSpec } from '../streams/selection.ts';
import type { TopGroups } from '../streams/top-groups.ts';
import type { Windowing } from '../streams/window-kind.ts';

export interface Config {
  readonly name: string;
  readonly dataDir: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly token: string | null;
    /** Names besides loopback and `host` that it is reached by. */
    readonly hosts: readonly string[];
    readonly maxBodyBytesInFlight: number;
    readonly idempotency: { readonly ageMs: number; readonly keys: number };
  };
  readonly log: { readonly level: LogLevel };
  readonly journal: {
    readonly durability: 'fsync' | 'os';
    readonly segmentBytes: number;
    readonly snapshotEveryEvents: number;
    readonly snapshotEveryMs: number;
    /** null keeps everything. The size is of each log. */
    readonly retention: { readonly ageMs: number | null; readonly maxBytes: number | null };
  };
  readonly runtime: { readonly queueBatches: number; readonly threads: number };
  readonly supervision: {
    readonly intensity: number;
    /** A batch that fails so often is divided, and what fails in it is a dead letter. */
    readonly quarantineAfter: number;
    readonly periodMs: number;
    readonly minBackoffMs: number;
    readonly maxBackoffMs: number;
    readonly jitter: number;
    readonly shutdownMs: number;
  };
  readonly streams: readonly StreamConfig[];
  readonly windows: readonly WindowConfig[];
  readonly joins: readonly JoinConfig[];
  readonly derived: readonly DerivedConfig[];
  readonly schedules: readonly ScheduleConfig[];
  readonly fraud: FraudConfig | null;
  readonly sinks: readonly SinkConfig[];
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What windows and joins are of: a stream, a stream that is derived from it, or what a join gives. */
export interface Relation {
  readonly name: string;
  readonly schema: AvroRecord;
  /** Null for a derived stream that does not select the key of its stream. */
  readonly key: string | null;
  readonly eventTime: string;
  readonly partitions: number;
  readonly watermark:
    | {
        readonly kind: 'bounded';
        readonly outOfOrdernessMs: number;
        readonly idleTimeoutMs: number | null;
        readonly maxAheadMs: number | null;
      }
    | { readonly kind: 'scripted' };
  /** Of a derived stream: the stream that is read in its place, and how its events come of that one's. */
  readonly view?: { readonly of: Relation; readonly selection: SelectionSpec };
}

export interface StreamConfig extends Relation {
  readonly key: string;
  /** Where the schema is from: the name of a built-in one, or a file; the other is null. */
  readonly builtin: string | null;
  readonly schemaFile: string | null;
  readonly expectations: readonly Expectation[];
  readonly source: SourceConfig;
}

export type SourceConfig =
  | { readonly kind: 'http' }
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'file'; readonly path: string }
  | GeneratorConfig;

export interface GeneratorConfig {
  readonly kind: 'generator';
  readonly seed: number;
  /** 0 is as fast as the pipeline takes it. */
  readonly ratePerSecond: number;
  readonly customers: number;
  readonly terminals: number;
  /** Epoch ms of the first simulated day. */
  readonly startAt: number;
  /** Simulated days after which it ends; null for never. */
  readonly days: number | null;
}

export interface WindowConfig {
  readonly name: string;
  readonly stream: string;
  /** null: one group. */
  readonly key: string | null;
  readonly window: Windowing;
  readonly allowedLatenessMs: number;
  /** null: no result before a window's end. */
  readonly earlyMs: number | null;
  /** The condition as it is written; null for all events. */
  readonly where: string | null;
  /** Of each window only some groups; all of them when it is absent. */
  readonly top?: TopGroups;
  readonly aggregates: readonly AggregateSpec[];
}

export interface JoinConfig {
  readonly name: string;
  /** A stream, or a join that stands before it; so is the right one. */
  readonly left: string;
  /** The other stream, or the one that is the table. */
  readonly right: string;
  /** The fields by whose values events match; `record.field` of a nested record. */
  readonly leftKey: string;
  readonly rightKey: string;
  readonly spec: JoinSpec;
}

/** A stream of one event for each of another that a condition takes. */
export interface DerivedConfig {
  readonly name: string;
  readonly stream: string;
  /** The condition as it is written; null for all events. */
  readonly where: string | null;
  readonly fields: readonly { readonly name: string; readonly expression: string }[];
}

export interface ScheduleConfig {
  readonly job: string;
  readonly trigger:
    | { readonly kind: 'cron'; readonly expression: string; readonly timezone: string }
    | { readonly kind: 'every'; readonly everyMs: number };
  readonly catchup: boolean;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
  readonly fetch: {
    readonly kind: 'open-meteo';
    /** `demo` is the server on loopback that plays recorded observations. */
    readonly url: string;
    readonly places: readonly { readonly name: string; readonly latitude: number; readonly longitude: number }[];
    readonly pastDays: number;
  };
  readonly into: string;
}

export interface FraudConfig {
  readonly stream: string;
  readonly sessionGapMs: number;
  readonly rules: {
    readonly amountCents: number;
    readonly velocityCount: number;
    readonly deviations: number;
    readonly minHistory: number;
  };
  readonly caseQuietMs: number;
}

export type SinkConfig =
  | { readonly kind: 'log'; readonly name: string }
  | {
      readonly kind: 'webhook';
      readonly name: string;
      readonly url: string;
      readonly timeoutMs: number;
      readonly giveUpAfterMs: number;
    };

/** One thing that is wrong, and where. */
export interface Problem {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted path of the key. */
  readonly path: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export function problemText({ file, line, column, path, message }: Problem): string {
  const where = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return path === '' ? `${where}: ${message}` : `${where}: ${path}: ${message}`;
}
