/**
 * Every metric of the service, one entry each; Prometheus sees them with `millrace_` before the name.
 * Invariant: a label's values come from the configuration or the code (streams, stages, logs, kinds), never from data: no
 * key, user, actor path or message ends up in one. `job` and `instance` are Prometheus's own, and no label of ours.
 */
interface Metric<Kind extends 'counter' | 'gauge' | 'histogram', Label extends string> {
  /**
   * A counter is added to where something happens, and a histogram is told how long it took; a gauge is looked at when
   * somebody scrapes.
   */
  readonly kind: Kind;
  readonly help: string;
  readonly labels: readonly Label[];
}

export const METRICS = {
  events_in_total: counter('Events taken in, dead letters included.', 'source'),
  commits_total: counter('Commits made durable.', 'log'),
  journal_tiered_bytes_total: counter('Bytes of old segments that went from this disk to journal.tier.', 'log'),
  late_events_total: counter('Events that came after their window had closed for good.'),
  late_event_windows_total: counter('Windows that late events lost, over all of them.'),
  dead_letters_total: counter('Inputs that could not be decoded or failed validation.', 'reason'),
  expectation_failures_total: counter(
    'Events that failed an expectation, dead letters or not.',
    'stream',
    'expectation',
  ),
  actor_restarts_total: counter('Restarts of supervised actors, by kind of actor.', 'actor'),
  http_aborted_requests_total: counter('Requests whose client went away before their end.'),
  sink_events_total: counter('Events that a sink has delivered, or given up.', 'sink', 'outcome'),
  store_refused_events_total: counter('Events that a table of a store has no place for.', 'store'),
  job_runs_total: counter('Changes of state of the runs of jobs, by the new state.', 'job_name', 'state'),
  check_runs_total: counter(
    'Suites of expectations that were held against their tables, by what came of it.',
    'suite',
    'outcome',
  ),
  stage_duration_seconds: histogram(
    'From the time that a batch was taken to its durable commit (stage commit), and of a transaction of a store.',
    'stage',
  ),
  http_request_duration_seconds: histogram(
    'From the head of a request to its answer, streams of events aside.',
    'method',
    'route',
    'status',
  ),
  newest_event_time_seconds: gauge('The largest event time of a stream, as Unix time.', 'stream'),
  disk_free_bytes: gauge('What this user may still write where the data directory is.'),
  disk_size_bytes: gauge('The size of the file system of the data directory.'),
  model_drift_psi: gauge(
    'Population stability index of what a model goes by, or says, over the last 7 days of event time against its training.',
    'model',
    'of',
  ),
  job_last_run_failed: gauge('Whether the newest run of a job that ended has failed: 1 or 0.', 'job_name'),
  job_last_success_timestamp_seconds: gauge('When a run of a job last succeeded, as Unix time.', 'job_name'),
  job_open_run_timestamp_seconds: gauge(
    'The end of the interval of the oldest run that is not over, as Unix time; none when all are.',
    'job_name',
  ),
  watermark_delay_seconds: gauge('Largest event time minus the watermark.', 'stream'),
  queue_depth: gauge('Batches that wait in front of a stage.', 'stage'),
  store_waiting: gauge('Whether a store that somebody else runs takes nothing now: 1 or 0.', 'store'),
  sink_waiting: gauge('Whether events of a sink wait because its receiver takes none: 1 or 0.', 'sink'),
  lag_events: gauge('Events behind the stage that feeds it.', 'stage'),
  source_lag_records: gauge('Records of a partition that are not in the journal.', 'source', 'topic', 'partition'),
  source_partition_stuck: gauge(
    'Whether a partition does not go on though there is something to read: 1 or 0.',
    'source',
    'topic',
    'partition',
  ),
  source_largest_lag_records: gauge('The largest lag of the partitions of a source.', 'source'),
  source_failing: gauge('Whether a source says that something is wrong: 1 or 0.', 'source'),
  source_restarts: gauge('How often a source began anew after it failed, since the start.', 'source'),
  source_rebalances: gauge('How often a source was given its partitions, since the start.', 'source'),
  source_offset_commits: gauge('How often a source told Kafka how far it is, since the start.', 'source'),
  source_failed_offset_commits: gauge('How often that failed, since the start.', 'source'),
  journal_tier_waiting: gauge('Whether old segments wait on this disk because journal.tier can not be had: 1 or 0.'),
  log_stalled: gauge('Whether a log waits for space on the disk: 1 or 0.', 'log'),
  partition_failing: gauge('Whether a partition fails, or is halted: 1 or 0.', 'log'),
  operator_keys: gauge('Keys that an operator of yours holds state of.', 'operator', 'partition'),
  operator_state_bytes: gauge('Bytes of Avro that these keys hold, estimated.', 'operator', 'partition'),
};

type Named<Kind> = {
  [N in keyof typeof METRICS]: (typeof METRICS)[N]['kind'] extends Kind ? N : never;
}[keyof typeof METRICS];
export type CounterName = Named<'counter'>;
export type GaugeName = Named<'gauge'>;
export type HistogramName = Named<'histogram'>;
export type LabelsOf<N extends keyof typeof METRICS> = Readonly<Record<(typeof METRICS)[N]['labels'][number], string>>;

/** What is known by looking. A gauge that is not given has no value now. */
export type Gauges = {
  readonly [N in GaugeName]?: readonly { readonly labels: LabelsOf<N>; readonly value: number }[];
};

/** Those that are declared beside the table, without labels. */
export type DeclaredGauges = {
  readonly [name: string]: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
};

function counter<Label extends string = never>(help: string, ...labels: readonly Label[]): Metric<'counter', Label> {
  return { kind: 'counter', help, labels };
}

function gauge<Label extends string = never>(help: string, ...labels: readonly Label[]): Metric<'gauge', Label> {
  return { kind: 'gauge', help, labels };
}

function histogram<Label extends string = never>(
  help: string,
  ...labels: readonly Label[]
): Metric<'histogram', Label> {
  return { kind: 'histogram', help, labels };
}
