/**
 * The observer of a running service: counts, rates, queues and lag, for the page, /metrics and the progress line. It is told
 * of commits, asks for everything else when it is read, and decides nothing.
 */
import type { Committed } from '../actors/partition-consumer.ts';
import type { Config } from '../config/config.ts';
import type { SourceConfig } from '../config/sections/sources.ts';
import type { Gauges } from '../http/metric-table.ts';
import type { Metrics } from '../http/metrics.ts';
import type { OperatorStatus } from '../http/operator-status.ts';
import type { LiveEvent, Overview, StageStatus } from '../http/view.ts';
import { SERVICE_ALERTS } from '../messages/check-facts.ts';
import { logName } from '../messages/log-name.ts';
import { OPERATIONS } from '../messages/operations.ts';
import type { Source, SourceStatus } from '../sources/source.ts';
import { HEADLINES } from '../tables.ts';
import { countCommit } from './commit-metrics.ts';
import { addFailures, type Counts, countDerived, noCounts } from './counts.ts';
import { type GaugeSources, gaugesOf, tableGauges } from './gauges.ts';
import { createHeldStates, heldByOperator } from './held-states.ts';
import { idleStage, largestLag } from './idle-stage.ts';
import { createJobGauges, type JobGauges, takeOperations } from './job-gauges.ts';
import { publishDerived } from './live-rows.ts';
import { createMeters } from './meters.ts';
import { createOperatorFlow, outputMeter } from './operator-flow.ts';
import type { RunningStream } from './pipeline.ts';
import type { Platform } from './platform.ts';
import { projectorId } from './projectors.ts';
import { countTaken } from './refusal-counts.ts';
import { createResidentMemory } from './resident-memory.ts';
import { sinkActor } from './sink-actor.ts';
import { sourceGauges } from './source-gauges.ts';
import { createWatchedSinks, type WatchedSinks } from './watched-sinks.ts';

export interface Observer {
  readonly metrics: Metrics;
  committed(stream: string, commit: Committed): void;
  overview(): Overview;
  /** Every operator of the partitions that are open. */
  operators(): readonly OperatorStatus[];
  /** Recomputes rates; call it once a second. */
  tick(): void;
  subscribe(listener: (event: LiveEvent) => void): () => void;
  /** Whether somebody would get a live event now. What only live events need is not computed otherwise. */
  isFollowed(): boolean;
  publish(event: LiveEvent): void;
  /** Since this process started. */
  readonly counts: Counts;
  /** Calls back with each commit as it has become durable, in the order of its log. */
  onCommitted(listener: (log: string, commit: Committed) => void): () => void;
  readonly watchSink: WatchedSinks['watch'];
  /** Sets how the drift of models from their training is read, while the page or metrics ask for it. */
  watchDrift(drift: () => NonNullable<Gauges['model_drift_psi']>): () => void;
  /** Watches a stream's source that reports how far it is. */
  watchSource(stream: string, source: Source): void;
  /** The status of the sources that report how far they are, by stream. */
  sourceStatus(): ReadonlyMap<string, SourceStatus>;
  /** Counts events that a sink has taken. */
  delivered(sink: string, events: number): void;
  /** Gauges of jobs, for the metrics. */
  readonly jobs: JobGauges;
  /** The 99th percentile of the event loop's delay over the whole time since the start, in milliseconds. */
  loopDelayP99Ms(): number;
}

export interface ObserverSources extends GaugeSources {
  readonly stateOf: (path: string) => string;
  readonly platform: Platform;
}

const COMMIT_STAGE = { stage: 'commit' };

export function createObserver(config: Config, version: string, sources: ObserverSources): Observer {
  const { platform } = sources;
  const startedAt = platform.nowMs();
  const meters = createMeters(startedAt);
  const metrics = platform.createMetrics(version);
  const residentBytes = createResidentMemory();
  const loopDelay = platform.monitorLoopDelay();
  const loopDelayOverall = platform.monitorLoopDelay();
  const listeners = new Set<(event: LiveEvent) => void>();
  const commitListeners = new Set<(log: string, commit: Committed) => void>();
  const sinks = createWatchedSinks();
  const sourceStatus = new Map<string, () => SourceStatus>();
  const counts = noCounts();
  const held = createHeldStates(() => sources.pipeline()?.units ?? [], platform.nowMs);
  const flow = createOperatorFlow(held, meters);
  let delayP99Ms = 0;
  const jobs = createJobGauges();
  let drift: () => NonNullable<Gauges['model_drift_psi']> = () => [];
  // Counters begin with a sample of 0: without a first sample there would be no alert for a stream that never begins.
  for (const { name } of config.streams) metrics.add('events_in_total', { source: name }, 0);
  for (const { name } of config.sinks) metrics.add('sink_events_total', { sink: name, outcome: 'abandoned' }, 0);
  const projectedBefore = new Map<string, number>();

  function stages(): StageStatus[] {
    const pipeline = sources.pipeline();
    if (pipeline === null) return [];
    return [
      ...[...pipeline.streams.values()].flatMap((stream) => [sourceStage(stream.name), ...partitionStages(stream)]),
      ...pipeline.exchanges.flatMap(({ stream }) => partitionStages(stream)),
      journalStage(),
      ...projectionStages(),
      ...sinkStages(),
    ];
  }

  function sourceStage(stream: string): StageStatus {
    const running = sources.pipeline()?.streams.get(stream);
    const meter = meters.meter(`source:${stream}`);
    return {
      ...idleStage(`source:${stream}`, 'source', running?.config?.source.kind ?? 'internal', meter),
      feeds: (running?.units ?? []).map(({ log }) => log.name),
      state: sourceState(running?.config?.source ?? null, stream),
      ...largestLag(sourceStatus.get(stream)?.()),
    };
  }

  /** A job delivers through its steps, HTTP through the port; only the others run by themselves. */
  function sourceState(source: SourceConfig | null, stream: string): string {
    if (source?.kind === 'http') return 'listening';
    return sources.stateOf(source?.kind === 'job' ? 'scheduler' : `sources/${stream}`);
  }

  function partitionStages({ units }: RunningStream): StageStatus[] {
    return units.map((unit) => {
      const { maxEventTimeMs, watermarkMs } = unit.status();
      const delayMs = maxEventTimeMs - watermarkMs;
      return {
        ...idleStage(unit.log.name, 'partition', unit.log.name, meters.meter(unit.log.name)),
        feeds: ['journal'],
        queueDepth: unit.mailbox.depth + unit.mailbox.inFlight,
        queueBound: unit.mailbox.bound,
        state: unit.door.isOpen() ? sources.stateOf(`${unit.log.name}/consumer`) : 'closed',
        watermarkDelayMs: Number.isFinite(delayMs) && delayMs >= 0 ? delayMs : null,
      };
    });
  }

  function journalStage(): StageStatus {
    const problem = sources.tiering()?.problem() ?? null;
    return {
      ...idleStage('journal', 'journal', 'journal', meters.meter('journal')),
      feeds: [
        ...(sources.readModels()?.lanes ?? []).map(({ name }) => name),
        ...config.sinks.map((sink) => `sink:${sink.name}`),
      ],
      state: sources.pipeline()?.units.some(({ log }) => log.state().kind === 'stalled') ? 'stalled' : 'open',
      ...(problem === null ? {} : { problem }),
    };
  }

  function projectionStages(): StageStatus[] {
    return (sources.readModels()?.lanes ?? []).map((lane) => ({
      ...idleStage(lane.name, 'projection', lane.process.driver.label, meters.meter(`projection:${lane.name}`)),
      lag: lane.lag() ?? (lane.isElsewhere ? lane.behind() : null),
      state: sources.stateOf(projectorId(lane.name)),
      ...(lane.problem() === null ? {} : { problem: lane.problem() ?? '' }),
    }));
  }

  function sinkStages(): StageStatus[] {
    return config.sinks.map((sink) => ({
      ...idleStage(`sink:${sink.name}`, 'sink', sink.name, meters.meter(`sink:${sink.name}`)),
      state: sources.stateOf(sinkActor(sink)),
      ...sinks.where(sink.name),
    }));
  }

  function eventTime(): number | null {
    let latest = Number.NEGATIVE_INFINITY;
    for (const stream of sources.pipeline()?.streams.values() ?? []) {
      if (stream.config?.source.kind === 'job') continue;
      for (const unit of stream.units) latest = Math.max(latest, unit.status().maxEventTimeMs);
    }
    return Number.isFinite(latest) ? latest : null;
  }

  const statusOfSources = (): ReadonlyMap<string, SourceStatus> =>
    new Map([...sourceStatus].map(([stream, status]) => [stream, status()] as const));

  metrics.onCollect(() => ({
    ...tableGauges(sources),
    ...gaugesOf(stages(), sources, held(), platform.diskSpace(config.dataDir)),
    ...jobs.gauges(),
    ...sourceGauges(statusOfSources()),
    model_drift_psi: drift(),
  }));

  const observer: Observer = {
    metrics,
    counts,
    committed(stream, commit) {
      const { derived } = commit;
      const log = logName(stream, commit.commit.partition);
      counts.commits += 1;
      meters.meter('journal').add(commit.commit.sections.reduce((sum, section) => sum + section.count, 0));
      metrics.add('commits_total', { log });
      metrics.observe('stage_duration_seconds', COMMIT_STAGE, (platform.nowMs() - commit.commit.committedAt) / 1000);
      for (const listener of commitListeners) listener(log, commit);
      const registry = sources.pipeline()?.registry;
      if (stream === SERVICE_ALERTS) return;
      if (stream === OPERATIONS) {
        if (registry !== undefined) takeOperations(commit.commit, registry, jobs, metrics);
        return;
      }
      counts.events += commit.events;
      counts.deadLetters += commit.deadLetters;
      counts.late += derived.late;
      counts.lateWindows += derived.lateWindows;
      for (const output of derived.outputs) {
        countDerived(counts, output);
        meters.meter(outputMeter(output.stream)).add(output.events);
      }
      meters.meter(`source:${stream}`).add(commit.events);
      meters.meter(log).add(commit.events);
      const letters = countCommit(metrics, stream, commit);
      countTaken(counts.refusals, stream, commit.events, letters);
      for (const { expectation, events } of commit.failures) addFailures(counts, stream, expectation, events);
      if (observer.isFollowed() && registry !== undefined) publishDerived(observer.publish, registry, commit);
    },
    tick() {
      for (const { name, eventsTotal } of sources.readModels()?.lanes ?? []) {
        const projected = eventsTotal();
        meters.meter(`projection:${name}`).add(projected - (projectedBefore.get(name) ?? 0));
        projectedBefore.set(name, projected);
      }
      flow.tick();
      meters.tick(platform.nowMs());
      delayP99Ms = loopDelay.p99Ms();
      loopDelay.reset();
    },
    overview() {
      const totals = sources.readModels()?.totals();
      const { counted } = counts;
      // The read models follow a moment behind.
      const inAll = (projected: number | undefined, own: number): number | null =>
        projected === undefined ? null : Math.max(projected, own);
      return {
        ...Object.fromEntries(HEADLINES.map((name) => [name, inAll(totals?.[name], counted.get(name) ?? 0)])),
        name: config.name,
        startedAt,
        now: platform.nowMs(),
        stages: stages(),
        eventsIn: inAll(totals?.events, counts.events),
        deadLetters: inAll(totals?.deadLetters, counts.deadLetters),
        lateEvents: inAll(totals?.lateEvents, counts.late),
        sinceStart: {
          ...Object.fromEntries([...counted].filter(([name]) => HEADLINES.includes(name))),
          eventsIn: counts.events,
          deadLetters: counts.deadLetters,
          lateEvents: counts.late,
        },
        operators: heldByOperator(held(), counts.failedCalls),
        eventTime: eventTime(),
        eventLoopDelayP99Ms: delayP99Ms,
        rssBytes: residentBytes() + (sources.readModels()?.stores.usage().rssBytes ?? 0),
      };
    },
    operators: flow.operators,
    onCommitted(listener) {
      commitListeners.add(listener);
      return () => commitListeners.delete(listener);
    },
    watchSink: sinks.watch,
    watchDrift(own) {
      drift = own;
      return () => {
        if (drift === own) drift = () => [];
      };
    },
    watchSource(stream, { status }) {
      if (status !== undefined) sourceStatus.set(stream, status);
    },
    sourceStatus: statusOfSources,
    delivered(sink, events) {
      meters.meter(`sink:${sink}`).add(events);
      metrics.add('sink_events_total', { sink, outcome: 'delivered' }, events);
    },
    jobs,
    loopDelayP99Ms: () => loopDelayOverall.p99Ms(),
    isFollowed: () => listeners.size > 0,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish(event) {
      for (const listener of listeners) listener(event);
    },
  };
  return observer;
}
