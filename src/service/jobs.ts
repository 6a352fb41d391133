/** The scheduler and its jobs: fetches on a schedule, delivered into their streams. */
import { fetcherMachine } from '../actors/fetcher.ts';
import { type SchedulerEvent, schedulerMachine } from '../actors/scheduler.ts';
import { startSupervised } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import type { StepConfig } from '../config/sections/job-steps.ts';
import type { JobConfig } from '../config/sections/jobs.ts';
import { createHostRates, type HostRates } from '../fetching/host-rates.ts';
import type { ScheduledJob } from '../jobs/plan.ts';
import { timetable } from '../jobs/timetable.ts';
import type { EventType } from '../messages/codec.ts';
import { STANDARD_FORMAT } from '../messages/stream-format.ts';
import { runChangedType } from '../messages/types.ts';
import type { Row } from '../projections/store.ts';
import type { ServiceCore } from '../service.ts';
import type { Into } from '../sources/fetch-adapter.ts';
import type { StepHost } from '../steps/adapter.ts';
import { STEPS } from '../steps/adapters.ts';
import type { Step, StepContext, StepOutcome } from '../steps/step.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { createInternalSource } from './intake.ts';
import { createJobWorkers, type JobWorkers } from './job-workers.ts';
import { foldEvents } from './journal-events.ts';
import { allReady } from './partition-unit.ts';
import type { RunningStream } from './pipeline.ts';

/** What the steps of all jobs share. */
interface Shared {
  /** Where the servers on loopback that some steps work with answer, by their names. */
  readonly serverUrls: Map<string, string>;
  readonly rates: HostRates;
}

/** The servers on loopback that steps work with, the jobs' workers, then the scheduler that gives them runs. */
export function jobChildren(core: ServiceCore): ChildSpec[] {
  const { jobs } = core.config;
  if (jobs.length === 0) return [];
  const toScheduler = { send: (_: SchedulerEvent): void => {} };
  const workers = createJobWorkers();
  const shared: Shared = { serverUrls: new Map(), rates: createHostRates() };
  const fetchers = jobs.map((job) => fetcherChild(core, job, shared, toScheduler, workers));
  const scheduler: ChildSpec = {
    id: 'scheduler',
    kind: 'scheduler',
    async start(context) {
      await allReady(core.pipeline.operations.units, context.signal);
      const actor = startSupervised(
        schedulerMachine,
        {
          jobs: jobs.flatMap((job) => jobOf(job) ?? []),
          ports: {
            nowMs: core.supervision.nowMs,
            async replay(fold) {
              await recorded(core);
              await foldEvents(core.pipeline, core.pipeline.operations, runChangedType, fold);
            },
            async record(event) {
              await core.operations.write(0, [runChangedType.encodeBlock([event])]);
              core.observer.publish({ kind: 'run', data: [runRow(event)] });
            },
            start: workers.start,
            warn: (message) => core.logger.warn({}, message),
          },
        },
        context,
      );
      toScheduler.send = actor.send;
      return actor.child;
    },
  };
  return [...serverChildren(core, shared), ...fetchers, scheduler];
}

/** Between two looks at whether the disk has taken what was recorded. */
const RECORDED_MS = 20;

/**
 * Resolves once what the scheduler before this one recorded is durable, however long the disk takes: else that would be
 * decided again, and recorded twice.
 */
async function recorded({ pipeline: { operations, platform } }: ServiceCore): Promise<void> {
  const isOnItsWay = (): boolean =>
    operations.units.some(({ mailbox }) => mailbox.closed() === null && mailbox.depth + mailbox.inFlight > 0);
  while (isOnItsWay()) await platform.sleep(RECORDED_MS);
}

function jobOf({ name, trigger, catchup, startAtMs, retry: { retries } }: JobConfig): ScheduledJob | null {
  if (trigger === null || trigger.kind === 'job') return null;
  const spec =
    trigger.kind === 'every' ? { everyMs: trigger.everyMs } : { cron: trigger.expression, timeZone: trigger.timeZone };
  return { name, timetable: timetable(spec), catchup, startAt: startAtMs, retries };
}

function serverChildren({ config, supervision }: ServiceCore, { serverUrls }: Shared): ChildSpec[] {
  const needed = config.jobs.flatMap(({ steps }) => steps.flatMap((step) => serverOf(step) ?? []));
  return [...new Set(needed)].map(({ id, start }) => ({
    id,
    kind: id,
    async start() {
      const server = await start({ nowMs: supervision.nowMs });
      serverUrls.set(id, server.endpoint);
      return { state: () => 'listening', drain: () => server.close(), kill: () => void server.close().catch(() => {}) };
    },
  }));
}

function serverOf({ settings }: StepConfig) {
  return STEPS.map((adapter) => adapter.server(settings)).find((server) => server !== null) ?? null;
}

/** Of an attempt whose step names none. */
const ATTEMPT_TIMEOUT_MS = 600_000;

function openStep(core: ServiceCore, job: JobConfig, step: StepConfig, { serverUrls, rates }: Shared): Step {
  const { pipeline, platform, config, supervision } = core;
  const server = serverOf(step);
  const streamOf = (name: string): RunningStream => {
    const stream = pipeline.streams.get(name);
    if (stream === undefined) throw new Error(`The job ${job.name} delivers into ${name}, which does not exist`);
    return stream;
  };
  const host: StepHost = {
    job: job.name,
    step: step.name,
    dataDir: config.dataDir,
    nowMs: supervision.nowMs,
    sleep: (ms, signal) => platform.sleep(ms, signal),
    http: platform.http,
    timeoutMs: step.timeoutMs ?? ATTEMPT_TIMEOUT_MS,
    serverUrl: () => (server === null ? '' : (serverUrls.get(server.id) ?? '')),
    rates,
    stream: (name) => intoOf(streamOf(name)),
    async replay(stream, type, each) {
      const running = streamOf(stream);
      await allReady(running.units, undefined);
      await foldEvents(pipeline, running, type, each);
    },
    deliver: (stream, type, events) => deliver(streamOf(stream), job.name, type, events),
  };
  const opened = STEPS.map((adapter) => adapter.open(step.settings, host)).find((each) => each !== null);
  if (opened === undefined || opened === null) throw new Error(`The step ${step.name} of ${job.name} is of no kind`);
  return opened;
}

function intoOf({ name, eventType, config }: RunningStream): Into {
  return {
    name,
    schema: eventType.schema,
    key: config?.key ?? null,
    eventTime: config?.eventTime ?? '',
    times: (config?.format ?? STANDARD_FORMAT).jsonTimes,
  };
}

function fetcherChild(
  core: ServiceCore,
  job: JobConfig,
  shared: Shared,
  toScheduler: { readonly send: (event: SchedulerEvent) => void },
  workers: JobWorkers,
): ChildSpec {
  const { name, retry } = job;
  let steps: readonly { readonly name: string; readonly step: Step }[] | null = null;
  /** Outlives a restart, since events on their way to the log must not come again. */
  let delivering: Promise<void> = Promise.resolve();
  const opened = async () => {
    const all = job.steps.map((step) => ({ name: step.name, step: openStep(core, job, step, shared) }));
    for (const { step } of all) await step.recover?.();
    return all;
  };
  return {
    id: `fetcher-${name}`,
    kind: 'fetcher',
    async start(context) {
      await delivering.catch(() => {});
      steps ??= await opened();
      const all = steps;
      const actor = startSupervised(
        fetcherMachine,
        {
          retry,
          ports: {
            async fetch(run, signal): Promise<StepOutcome> {
              const results: Record<string, unknown> = {};
              let records = 0;
              for (const { name: stepName, step } of all) {
                const context: StepContext = {
                  job: name,
                  step: stepName,
                  runId: run.runId,
                  attempt: run.attempt + 1,
                  interval: { start: run.intervalStart, end: run.intervalEnd },
                  params: job.params,
                  item: null,
                  idempotencyKey: `${run.runId}/${stepName}`,
                  results,
                  log: (_, text) => core.logger.info({ run: run.runId, step: stepName }, text),
                };
                const outcome = await step.attempt(context, signal);
                if (outcome.kind !== 'done') return outcome;
                delivering = outcome.publish?.() ?? Promise.resolve();
                await delivering;
                results[stepName] = outcome.output;
                records += outcome.records;
              }
              return { kind: 'done', records, output: null };
            },
            report: (report) => toScheduler.send({ type: 'REPORTED', report }),
          },
        },
        {
          ...context,
          failed(error) {
            workers.down(name);
            toScheduler.send({ type: 'WORKER_FAILED', job: name, error: error.message });
            context.failed(error);
          },
        },
      );
      workers.up(name, actor.send);
      return actor.child;
    },
  };
}

/** Events go to the partitions of their keys, those of each in one batch. */
async function deliver<E extends Readonly<Record<string, unknown>>>(
  stream: RunningStream,
  job: string,
  type: EventType<E>,
  events: readonly E[],
): Promise<void> {
  const source = createInternalSource(`job:${job}`, stream.intake);
  const keyField = stream.config?.key ?? '';
  const groups = new Map<number, E[]>();
  for (const event of events) {
    const partition = partitionOf(String(event[keyField]), stream.units.length);
    groups.set(partition, [...(groups.get(partition) ?? []), event]);
  }
  await Promise.all([...groups].map(([partition, group]) => source.write(partition, [type.encodeBlock(group)])));
}

function runRow(event: Parameters<typeof runChangedType.encode>[0]): Row {
  return {
    job: event.job,
    run_id: event.runId,
    interval_start: event.intervalStart,
    interval_end: event.intervalEnd,
    state: event.state,
    attempt: event.attempt,
    changed_at: event.changedAt,
    records: event.records,
    message: event.message,
  };
}
