/**
 * The port from the HTTP side to the service: reads of the projections and of the actors' live state, and ingestion.
 * The composition root implements it; nothing behind this port knows of HTTP.
 */

import type { TraceContext } from '../messages/trace-context.ts';
import type { ResultPage, ResultQuery } from '../projections/result-pages.ts';
import type { OperatorStatus } from './operator-status.ts';

/** One box of the topology: a source, a partition, a projection or a sink. */
export interface StageStatus {
  readonly id: string;
  readonly kind: 'source' | 'partition' | 'journal' | 'projection' | 'sink';
  readonly label: string;
  /** Ids of the stages that this one feeds. */
  readonly feeds: readonly string[];
  /** Events a second over the last few seconds. */
  readonly eventsPerSecond: number;
  /** Since this process started. */
  readonly eventsTotal: number;
  /** What waits in front of it, in batches; and its bound. */
  readonly queueDepth: number;
  readonly queueBound: number;
  /** Events behind the stage that feeds it; null while nobody knows, such as before a store is open. */
  readonly lag: number | null;
  readonly state: string;
  /** What it waits for, in words; absent while it takes what it is given. */
  readonly problem?: string;
  /** Event time minus watermark, in milliseconds; null where there is none. */
  readonly watermarkDelayMs: number | null;
}

export interface Overview {
  readonly name: string;
  readonly startedAt: number;
  readonly now: number;
  readonly stages: readonly StageStatus[];
  /**
   * Of all time, as the read models hold them; null until these have what the journal held at the start. Dead letters are
   * not among the events.
   */
  readonly eventsIn: number | null;
  readonly deadLetters: number | null;
  /** One for each window or join that an event was too late for. */
  readonly lateEvents: number | null;
  /** What this process has taken in and derived itself. */
  readonly sinceStart: {
    readonly eventsIn: number;
    readonly deadLetters: number;
    readonly lateEvents: number;
    readonly [headline: string]: number;
  };
  /** What each operator of a user holds, over its partitions, bytes estimated; and its failed calls since the start. */
  readonly operators: readonly {
    readonly operator: string;
    readonly keys: number;
    readonly bytes: number;
    readonly failed: number;
  }[];
  /** The largest event time seen, epoch ms; null before the first event. */
  readonly eventTime: number | null;
  readonly eventLoopDelayP99Ms: number;
  readonly rssBytes: number;
  /** What tables count as headlines: of all time, null as the other totals are. */
  readonly [headline: string]: unknown;
}

/** A source that reads what somebody else keeps: how far it is in each partition, and what keeps it from going on. */
export interface SourceInfo {
  readonly stream: string;
  readonly state: string;
  readonly problem: string | null;
  readonly largestLag: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly inputs: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly state: string;
    readonly problem: string | null;
    readonly next: number;
    readonly end: number;
    readonly lag: number;
    readonly lagState: string;
  }[];
}

export interface ActorStatus {
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  /** The machine's state value, such as `running` or `recovering`. */
  readonly state: string;
  readonly restarts: number;
  readonly lastError: string | null;
  readonly children: readonly ActorStatus[];
}

/** A row of a read model: column name to a JSON value. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

export interface RowQuery {
  /** At most 1,001: a page, and a row that says whether there are more. */
  readonly limit: number;
}

/**
 * Pushed to the page as it happens; the kind is the SSE event's name. Rows are oldest first, with the columns of the
 * tables; of more than 200 in one event only the newest 200 reach the page.
 */
export type LiveEvent =
  | { readonly kind: 'overview'; readonly data: Overview }
  | { readonly kind: 'actors'; readonly data: ActorStatus }
  /** New results of one window, of a busy one the last few; `windows` says how many there were. */
  | { readonly kind: 'window'; readonly data: readonly Row[] }
  | {
      readonly kind: 'windows';
      readonly data: Readonly<Record<string, { readonly results: number; readonly appended: number }>>;
    }
  /** New rows of a table that has them live, under the name that it gives them. */
  | { readonly kind: 'rows'; readonly as: string; readonly data: readonly Row[] }
  | { readonly kind: 'run'; readonly data: readonly Row[] };

/** The body of an ingest request, as it was sent. */
export interface EventBody {
  /** `json` is one JSON text, or lines that are labelled so. */
  readonly format: 'json-lines' | 'json' | 'avro-container';
  readonly encoding: 'identity' | 'gzip' | 'deflate' | 'zstd';
  readonly bytes: Uint8Array;
}

/** Why events of a body could not be decoded: all of them counted by reason, and the first few. */
export interface RefusedEvents {
  readonly reasons: Readonly<Record<string, number>>;
  /** A position is a line as an editor counts it, else the number of the event; from 1. */
  readonly first: readonly { readonly position: number; readonly reason: string; readonly detail: string }[];
}

/** An Idempotency-Key, and the SHA-256 of what was asked with it. */
export interface RequestKey {
  readonly key: string;
  readonly digest: Buffer;
}

export type IngestOutcome =
  | ({
      readonly kind: 'committed';
      readonly accepted: number;
      readonly deadLetters: number;
      /** Of a request with a key: some or all of it was in before. */
      readonly repeated?: boolean;
    } & RefusedEvents)
  /** The key was that of another request: 422. */
  | { readonly kind: 'key-reused' }
  /** The service stopped on the way: some of it may be in. 503. */
  | { readonly kind: 'interrupted' }
  /** Not one event of the body could be decoded, and nothing is stored: 400. */
  | ({ readonly kind: 'nothing-decoded'; readonly count: number } & RefusedEvents)
  /** More events of the body than may be could not be decoded, and nothing is stored: 400. */
  | ({ readonly kind: 'too-many-refused'; readonly count: number } & RefusedEvents)
  /** The body as a whole is not what it says it is: 400. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly detail: string }
  /** Unpacked it is larger than a body may be: 413. */
  | { readonly kind: 'too-large' }
  /** The partition's queue is full: 429 with Retry-After. */
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number }
  /** The journal can't be written for now, such as on a full disk: 503 with Retry-After. */
  | { readonly kind: 'stalled'; readonly reason: string; readonly retryAfterSeconds: number }
  | { readonly kind: 'unknown-stream'; readonly known: readonly string[] }
  /** The stream takes its input from elsewhere: 409. */
  | { readonly kind: 'not-http'; readonly source: string }
  /** The stream's keys are of another kind: 400. */
  | { readonly kind: 'not-a-key'; readonly wanted: string }
  | { readonly kind: 'stopping' };

export interface StreamInfo {
  readonly name: string;
  /** Its Avro schema. */
  readonly schemaJson: string;
  readonly partitions: number;
  /** The kind of its source. */
  readonly source: string;
  /** Of a stream that was declared with a schema of its own; null for a built-in one. */
  readonly table: StreamTableInfo | null;
}

export interface StreamTableInfo {
  /** The column of the key. */
  readonly key: string;
  readonly columns: readonly { readonly name: string; readonly kind: string }[];
}

/** A table that the API reads. */
export interface TableInfo {
  readonly name: string;
  /** For people. */
  readonly label: string;
  /** Below /api/v1/. */
  readonly path: string;
  readonly store: string;
  /** Whether the pipeline runs without that store. */
  readonly isOff: boolean;
  /** Whether anything of this pipeline becomes rows of it. */
  readonly isFilled: boolean;
  readonly columns: readonly { readonly name: string; readonly kind: string }[];
  /** Columns that a page shows at first. */
  readonly shown: readonly string[];
}

/** A window or a join of the pipeline. */
export interface WindowOrJoin {
  readonly name: string;
  readonly kind: 'window' | 'join';
  /** What it is of: a stream, or what is derived from some. */
  readonly of: readonly string[];
  /** Of a window: tumbling, hopping, sliding, session or count. */
  readonly window: string | null;
  /** The field by which its results are told apart; null for one group over all. */
  readonly key: string | null;
  /** What its keys are, nulls aside; several values are a JSON array. */
  readonly keys: 'number' | 'text' | 'several' | 'none';
  readonly aggregates: readonly string[];
}

/** What a pipeline declares beside its streams, windows and joins. */
export interface PipelineInfo {
  readonly name: string;
  readonly jobs: readonly string[];
  /** Suites of expectations. */
  readonly checks: readonly string[];
  readonly sinks: readonly string[];
  /** Of Kafka, where dead letters of streams are sent as they came. */
  readonly deadLetterTopics: readonly { readonly topic: string; readonly streams: readonly string[] }[];
  /** Operators of users. */
  readonly operators: readonly string[];
  /** Browser modules, by their place in src, that add what the page shows of a domain. */
  readonly pageModules: readonly string[];
}

export type ExplainAnswer =
  | {
      readonly events: readonly (Readonly<Record<string, string | number | null>> & { readonly event: string })[];
      readonly inputs: number;
      readonly notes: readonly string[];
    }
  | { readonly notFound: string }
  | { readonly problem: string };

export interface ServiceView {
  pipeline(): PipelineInfo;
  overview(): Overview;
  operators(): readonly OperatorStatus[];
  actors(): ActorStatus;
  /** Newest first. Columns as in the tables of the same names; see docs. */
  rows(table: string, query: RowQuery): Promise<readonly Row[]>;
  /** Those that rows() reads. */
  tables(): readonly TableInfo[];
  /** Windows and joins, in the order of the pipeline file. */
  windowsAndJoins(): readonly WindowOrJoin[];
  /** Results of windows or joins, or late events, newest first. */
  results(query: ResultQuery): Promise<ResultPage>;
  streams(): readonly StreamInfo[];
  /** Events of a stream that has tables, the newest by event time first; rejects for any other. */
  streamRows(stream: string, query: RowQuery): Promise<readonly Row[]>;
  /** The newest event of a key of such a stream; null when it has none. */
  streamRow(stream: string, key: string): Promise<Row | null>;
  /** Streams of events with their features: what they are of, and the names of the features. */
  vectors(): readonly { readonly stream: string; readonly of: string; readonly features: readonly string[] }[];
  /** Resolves only when the events are durable, or can't be taken. */
  /** With an Idempotency-Key, a request that is repeated is taken once. */
  ingest(stream: string, body: EventBody, idempotencyKey?: string | null, trace?: TraceContext): Promise<IngestOutcome>;
  /** The row of a key of a stream that has tables is gone, from a time on or from now on. Durable as with ingest(). */
  remove(
    stream: string,
    key: string,
    occurredAt: number | null,
    idempotencyKey?: string | null,
  ): Promise<IngestOutcome>;
  /** A client went away before its request was whole: counted, and no fault. */
  /** Of a target as `millrace explain` takes it: where it stands, what it came of, and what came of it. */
  explain(target: string): Promise<ExplainAnswer>;
  /** Somebody with a role above that of readers has asked for something to be done, or tried to: for the log of commands. */
  commanded(command: {
    readonly by: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
  }): void;
  requestAborted(): void;
  /** A request was answered: the route is its pattern, such as `/api/v1/tables`. */
  answered(
    request: { readonly method: string; readonly route: string; readonly status: number },
    seconds: number,
  ): void;
  subscribe(listener: (event: LiveEvent) => void): () => void;
  /** Of the sources that say how far they are, by stream. */
  sources(): readonly SourceInfo[];
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Prometheus text exposition. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
}
