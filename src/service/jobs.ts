/** The scheduler and its jobs: fetches on a schedule, delivered into their streams. */
import { fetcherMachine } from '../actors/fetcher.ts';
import { type SchedulerEvent, schedulerMachine } from '../actors/scheduler.ts';
import { startSupervised } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import type { ScheduleConfig } from '../config/sections/schedules.ts';
import { runChangedType } from '../messages/types.ts';
import type { Row } from '../projections/store.ts';
import type { ScheduledJob } from '../schedule/plan.ts';
import { timetable } from '../schedule/timetable.ts';
import type { ServiceCore } from '../service.ts';
import type { Fetch, FetchHost } from '../sources/fetch-adapter.ts';
import { FETCHES } from '../sources/fetches.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { createInternalSource } from './intake.ts';
import { createJobWorkers, type JobWorkers } from './job-workers.ts';
import { foldEvents } from './journal-events.ts';
import { allReady } from './partition-unit.ts';
import type { RunningStream } from './pipeline.ts';

const RETRY_CAP_MS = 3_600_000;

/** Where the servers on loopback that some jobs fetch from answer, by their names. */
type ServerUrls = Map<string, string>;

/** The servers on loopback that are fetched from, the jobs' fetchers, then the scheduler that gives them runs. */
export function jobChildren(core: ServiceCore): ChildSpec[] {
  const { schedules } = core.config;
  if (schedules.length === 0) return [];
  const toScheduler = { send: (_: SchedulerEvent): void => {} };
  const workers = createJobWorkers();
  const serverUrls: ServerUrls = new Map();
  const fetchers = schedules.map((schedule) => fetcherChild(core, schedule, serverUrls, toScheduler, workers));
  const scheduler: ChildSpec = {
    id: 'scheduler',
    kind: 'scheduler',
    async start(context) {
      await allReady(core.pipeline.operations.units, context.signal);
      const actor = startSupervised(
        schedulerMachine,
        {
          jobs: schedules.map(jobOf),
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
  return [...serverChildren(core, serverUrls), ...fetchers, scheduler];
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

function jobOf({ job, trigger, catchup, retries }: ScheduleConfig): ScheduledJob {
  const spec =
    trigger.kind === 'every' ? { everyMs: trigger.everyMs } : { cron: trigger.expression, timeZone: trigger.timezone };
  return { name: job, timetable: timetable(spec), catchup: catchup ? 'all' : 'latest', startAt: null, retries };
}

function serverChildren({ config, supervision }: ServiceCore, serverUrls: ServerUrls): ChildSpec[] {
  const needed = config.schedules.flatMap(({ fetch }) => serverOf(fetch) ?? []);
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

function serverOf(fetch: ScheduleConfig['fetch']) {
  return FETCHES.map((adapter) => adapter.server(fetch)).find((server) => server !== null) ?? null;
}

function openFetch({ job, fetch }: ScheduleConfig, host: FetchHost): Fetch {
  const opened = FETCHES.map((adapter) => adapter.open(fetch, host)).find((each) => each !== null);
  if (opened === undefined || opened === null) throw new Error(`The job ${job} fetches nothing that there is`);
  return opened;
}

function fetcherChild(
  core: ServiceCore,
  schedule: ScheduleConfig,
  serverUrls: ServerUrls,
  toScheduler: { readonly send: (event: SchedulerEvent) => void },
  workers: JobWorkers,
): ChildSpec {
  const { job, retries, retryDelayMs, timeoutMs } = schedule;
  let fetch: Fetch | null = null;
  /** Outlives a restart, since events on their way to the log must not come again. */
  let delivering: Promise<void> = Promise.resolve();
  async function recovered(stream: RunningStream): Promise<Fetch> {
    const server = serverOf(schedule.fetch);
    const opened = openFetch(schedule, {
      nowMs: core.supervision.nowMs,
      http: core.platform.http,
      timeoutMs,
      serverUrl: () => (server === null ? '' : (serverUrls.get(server.id) ?? '')),
      replay: (type, each) => foldEvents(core.pipeline, stream, type, each),
      deliver: delivery(stream, job),
    });
    await opened.recover();
    return opened;
  }
  return {
    id: `fetcher-${job}`,
    kind: 'fetcher',
    async start(context) {
      const stream = core.pipeline.streams.get(schedule.into);
      if (stream === undefined) throw new Error(`The job ${job} delivers into ${schedule.into}, which does not exist`);
      await allReady(stream.units, context.signal);
      await delivering.catch(() => {});
      fetch ??= await recovered(stream);
      const { attempt } = fetch;
      const actor = startSupervised(
        fetcherMachine,
        {
          retry: { retries, baseMs: retryDelayMs, capMs: RETRY_CAP_MS },
          ports: {
            async fetch(_run, signal) {
              const outcome = await attempt(signal);
              if (outcome.kind !== 'fetched') return outcome;
              const { records, deliver } = outcome.brought;
              const kept = (): Promise<void> => {
                delivering = deliver();
                return delivering;
              };
              return { kind: 'fetched', brought: { records, deliver: kept } };
            },
            report: (report) => toScheduler.send({ type: 'REPORTED', report }),
          },
        },
        {
          ...context,
          failed(error) {
            workers.down(job);
            toScheduler.send({ type: 'WORKER_FAILED', job, error: error.message });
            context.failed(error);
          },
        },
      );
      workers.up(job, actor.send);
      return actor.child;
    },
  };
}

/** Events go to the partitions of their keys, those of each in one batch. */
function delivery(stream: RunningStream, job: string): FetchHost['deliver'] {
  const source = createInternalSource(`job:${job}`, stream.intake);
  const keyField = stream.config?.key ?? '';
  return async (type, events) => {
    const groups = new Map<number, (typeof events)[number][]>();
    for (const event of events) {
      const partition = partitionOf(String(event[keyField]), stream.units.length);
      groups.set(partition, [...(groups.get(partition) ?? []), event]);
    }
    await Promise.all([...groups].map(([partition, group]) => source.write(partition, [type.encodeBlock(group)])));
  };
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
