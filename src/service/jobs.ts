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
import { DEFAULT_LIMITS, httpGet } from '../sources/http-client.ts';
import { startWeatherServer, type WeatherServer } from '../sources/weather-server.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { fetchWeather } from '../weather/fetch-weather.ts';
import type { WeatherObservation } from '../weather/observation.ts';
import { weatherObservationType } from '../weather/observation.ts';
import { nothingSeen, remember, type Seen } from '../weather/seen.ts';
import { createInternalSource } from './intake.ts';
import { createJobWorkers, type JobWorkers } from './job-workers.ts';
import { foldEvents } from './journal-events.ts';
import { allReady } from './partition-unit.ts';
import type { RunningStream } from './pipeline.ts';

/** `url` of a schedule that means the server on loopback. */
const DEMO_URL = 'demo';
const PROVIDER = 'open-meteo';
/** Hours of all places that a job remembers, so that it does not repeat them. */
const SEEN_BOUND = 200_000;
const RETRY_CAP_MS = 3_600_000;

/** The demo's weather server, where one is named, the jobs' fetchers, then the scheduler that gives them runs. */
export function jobChildren(core: ServiceCore): ChildSpec[] {
  const { schedules } = core.config;
  if (schedules.length === 0) return [];
  const toScheduler = { send: (_: SchedulerEvent): void => {} };
  const workers = createJobWorkers();
  const demo: { server: WeatherServer | null } = { server: null };
  const fetchers = schedules.map((schedule) => fetcherChild(core, schedule, demo, toScheduler, workers));
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
  const usesDemo = schedules.some(({ fetch }) => fetch.url === DEMO_URL);
  return [...(usesDemo ? [weatherServerChild(core, demo)] : []), ...fetchers, scheduler];
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

function weatherServerChild(core: ServiceCore, demo: { server: WeatherServer | null }): ChildSpec {
  return {
    id: 'weather-server',
    kind: 'weather-server',
    async start() {
      const server = await startWeatherServer({ nowMs: core.supervision.nowMs });
      demo.server = server;
      return { state: () => 'listening', drain: () => server.close(), kill: () => void server.close().catch(() => {}) };
    },
  };
}

function fetcherChild(
  core: ServiceCore,
  schedule: ScheduleConfig,
  demo: { readonly server: WeatherServer | null },
  toScheduler: { readonly send: (event: SchedulerEvent) => void },
  workers: JobWorkers,
): ChildSpec {
  const { job, fetch, retries, retryDelayMs, timeoutMs } = schedule;
  const { nowMs } = core.supervision;
  const seen: Seen = nothingSeen(SEEN_BOUND);
  let recovered = false;
  /** Outlives a restart, since observations on their way to the log must not come again. */
  let delivering: Promise<void> = Promise.resolve();
  return {
    id: `fetcher-${job}`,
    kind: 'fetcher',
    async start(context) {
      const stream = core.pipeline.streams.get(schedule.into);
      if (stream === undefined) throw new Error(`The job ${job} delivers into ${schedule.into}, which does not exist`);
      await allReady(stream.units, context.signal);
      await delivering.catch(() => {});
      if (!recovered) {
        await foldEvents(core.pipeline, stream, weatherObservationType, (event) => remember(seen, [event]));
        recovered = true;
      }
      const deliver = delivery(stream, job);
      const actor = startSupervised(
        fetcherMachine,
        {
          seen,
          retry: { retries, baseMs: retryDelayMs, capMs: RETRY_CAP_MS },
          ports: {
            fetch(_run, signal) {
              const endpoint = fetch.url === DEMO_URL ? (demo.server?.endpoint ?? '') : fetch.url;
              const request = { endpoint, places: fetch.places, pastDays: fetch.pastDays, forecastDays: 1 };
              const get = (url: URL, aborted: AbortSignal) =>
                httpGet(url, { ...DEFAULT_LIMITS, deadlineMs: timeoutMs }, nowMs, aborted, core.platform.http);
              return fetchWeather(request, PROVIDER, { get, nowMs }, signal);
            },
            deliver(observations) {
              delivering = deliver(observations);
              return delivering;
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

/** Each place's observations go to the partition of their key, in one batch. */
function delivery(stream: RunningStream, job: string): (observations: readonly WeatherObservation[]) => Promise<void> {
  const source = createInternalSource(`job:${job}`, stream.intake);
  const keyField = stream.config?.key ?? 'place';
  return async (observations) => {
    const groups = new Map<number, WeatherObservation[]>();
    for (const observation of observations) {
      const fields: Readonly<Record<string, unknown>> = observation;
      const partition = partitionOf(String(fields[keyField]), stream.units.length);
      groups.set(partition, [...(groups.get(partition) ?? []), observation]);
    }
    await Promise.all(
      [...groups].map(([partition, group]) => source.write(partition, [weatherObservationType.encodeBlock(group)])),
    );
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
