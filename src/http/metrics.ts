/**
 * Prometheus metrics under the names of the documentation; the only importer of prom-client.
 * Invariant: a label's values come from the configuration or the code (streams, stages, sources, kinds), never from
 * data: no card, user, actor path or message ends up in one.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What is only known by looking: asked for at each scrape. */
export interface Gauges {
  readonly watermarkDelaySeconds?: Readonly<Record<string, number>>;
  readonly queueDepth?: Readonly<Record<string, number>>;
  readonly lagEvents?: Readonly<Record<string, number>>;
  readonly openCases?: number;
  /** Logs that wait for space, by name: 1 for one that does, 0 for one that does not. */
  readonly stalledLogs?: Readonly<Record<string, number>>;
  /** Partitions, by their log: 1 for one that fails or is halted. */
  readonly failingPartitions?: Readonly<Record<string, number>>;
}

export interface Metrics {
  eventsIn(source: string, count: number): void;
  committed(log: string, commits: number): void;
  lateEvents(count: number, windows: number): void;
  deadLetters(reason: string, count: number): void;
  /** Both words are the configuration's. */
  expectationFailures(stream: string, expectation: string, count: number): void;
  actorRestarted(kind: string): void;
  requestAborted(): void;
  /** Replaces the callback that a scrape asks. */
  onCollect(gauges: () => Gauges): void;
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export function createMetrics(options: { readonly version: string }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `millrace_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `millrace_${name}`, help, labelNames, registers });

  const eventsIn = counter('events_in_total', 'Events taken in, dead letters included.', ['source']);
  const commits = counter('commits_total', 'Commits made durable.', ['log']);
  const late = counter('late_events_total', 'Events that came after their window had closed for good.', []);
  const lateWindows = counter('late_event_windows_total', 'Windows that late events lost, over all of them.', []);
  const deadLetters = counter('dead_letters_total', 'Inputs that could not be decoded or failed validation.', [
    'reason',
  ]);
  const failures = counter('expectation_failures_total', 'Events that failed an expectation, dead letters or not.', [
    'stream',
    'expectation',
  ]);
  const restarts = counter('actor_restarts_total', 'Restarts of supervised actors, by kind of actor.', ['actor']);
  const aborted = counter('http_aborted_requests_total', 'Requests whose client went away before their end.', []);
  const watermarkDelay = gauge('watermark_delay_seconds', 'Largest event time minus the watermark.', ['stream']);
  const queueDepth = gauge('queue_depth', 'Batches that wait in front of a stage.', ['stage']);
  const lag = gauge('lag_events', 'Events behind the stage that feeds it.', ['stage']);
  const stalled = gauge('log_stalled', 'Whether a log waits for space on the disk: 1 or 0.', ['log']);
  const failing = gauge('partition_failing', 'Whether a partition fails, or is halted: 1 or 0.', ['log']);
  const openCases = gauge('open_cases', 'Fraud cases that are open.', []);
  gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node_version']).set(
    { version: options.version, node_version: process.version },
    1,
  );

  let collect: () => Gauges = () => ({});
  const refreshGauges = () => {
    const now = collect();
    watermarkDelay.reset();
    queueDepth.reset();
    lag.reset();
    stalled.reset();
    for (const [stream, seconds] of Object.entries(now.watermarkDelaySeconds ?? {})) {
      watermarkDelay.set({ stream }, seconds);
    }
    for (const [stage, depth] of Object.entries(now.queueDepth ?? {})) queueDepth.set({ stage }, depth);
    for (const [stage, events] of Object.entries(now.lagEvents ?? {})) lag.set({ stage }, events);
    for (const [log, waits] of Object.entries(now.stalledLogs ?? {})) stalled.set({ log }, waits);
    for (const [log, fails] of Object.entries(now.failingPartitions ?? {})) failing.set({ log }, fails);
    // Prometheus's word for what is not known: none open would be a number.
    openCases.set(now.openCases ?? Number.NaN);
  };

  return {
    eventsIn: (source, count) => eventsIn.inc({ source }, count),
    committed: (log, count) => commits.inc({ log }, count),
    lateEvents(count, windows) {
      late.inc(count);
      lateWindows.inc(windows);
    },
    deadLetters: (reason, count) => deadLetters.inc({ reason }, count),
    expectationFailures: (stream, expectation, count) => failures.inc({ stream, expectation }, count),
    actorRestarted: (kind) => restarts.inc({ actor: kind }),
    requestAborted: () => aborted.inc(),
    onCollect: (gauges) => {
      collect = gauges;
    },
    async text() {
      refreshGauges();
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
