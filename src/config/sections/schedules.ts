/** What runs on a schedule, and feeds a stream. */
import { z } from 'zod';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name, timer } from '../../keys/value-schema.ts';
import { timetable } from '../../schedule/timetable.ts';
import type { FetchAdapter } from '../../sources/fetch-adapter.ts';
import { FETCHES } from '../../sources/fetches.ts';
import { section } from '../section.ts';
import { type StreamConfig, streamsSection } from './streams.ts';

export interface ScheduleConfig {
  readonly job: string;
  readonly trigger:
    | { readonly kind: 'cron'; readonly expression: string; readonly timezone: string }
    | { readonly kind: 'every'; readonly everyMs: number };
  readonly catchup: boolean;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
  readonly fetch: FetchConfig;
  readonly into: string;
}

type FetchConfig =
  (typeof FETCHES)[number] extends FetchAdapter<infer Kind, infer Settings>
    ? Settings & { readonly kind: Kind }
    : never;

const schedule = z.strictObject({
  cron: z.string().optional().describe('When it runs, such as "5 * * * *".'),
  timezone: z.string().default('UTC').describe('The IANA time zone of cron.'),
  every: duration.optional().describe('When it runs, instead of cron.'),
  catchup: z.boolean().default(false).describe('After downtime: true for every missed interval, false for the latest.'),
  retries: z.int().min(0).max(100).default(3),
  retryDelay: timer.prefault('5s').describe('Before the first retry; it doubles with each.'),
  timeout: timer.prefault('30s'),
  into: z.string().describe('The stream that it feeds.'),
  fetch: z.union(FETCHES.map(({ form }): z.ZodType<FetchConfig> => form)).describe('What it fetches.'),
});

type RawSchedule = z.output<typeof schedule>;

export const schedulesSection = section({
  key: 'schedules',
  schema: z.record(name, schedule).default({}),
  derive(raw, reading): readonly ScheduleConfig[] {
    const streams = streamsSection.of(reading);
    const schedules = Object.entries(raw).flatMap(
      ([job, each]) => scheduleOf(job, each, streams, reading.report) ?? [],
    );
    checkJobs(streams, schedules, Object.keys(raw), reading.report);
    return schedules;
  },
  print: (schedules) => Object.fromEntries(schedules.map((each) => [each.job, printSchedule(each)])),
  redact: (schedules) => schedules.map((each) => ({ ...each, fetch: redacted(each.fetch) })),
});

function scheduleOf(
  job: string,
  raw: RawSchedule,
  streams: readonly StreamConfig[],
  report: Report,
): ScheduleConfig | null {
  const at = ['schedules', job];
  const into = streams.find((stream) => stream.name === raw.into);
  const known = streams.map((stream) => stream.name);
  const refused = into === undefined ? null : refusalOf(raw.fetch, into);
  if (into === undefined) report([...at, 'into'], unknownName('stream', raw.into, known));
  else if (refused !== null) report([...at, 'into'], `${raw.into} ${refused}`);
  else if (into.source.kind !== 'job' || into.source.job !== job) {
    report([...at, 'into'], `${raw.into} must have \`source: { job: ${job} }\``);
  }
  for (const adapter of FETCHES) {
    adapter.check(raw.fetch, (path, message) => report([...at, 'fetch', ...path], message));
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
    fetch: raw.fetch,
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
function checkJobs(
  streams: readonly StreamConfig[],
  schedules: readonly ScheduleConfig[],
  declared: readonly string[],
  report: Report,
): void {
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

function printSchedule({ job: _, trigger, retryDelayMs, timeoutMs, fetch, ...rest }: ScheduleConfig) {
  return {
    ...(trigger.kind === 'cron'
      ? { cron: trigger.expression, timezone: trigger.timezone }
      : { every: formatDuration(trigger.everyMs) }),
    ...rest,
    retryDelay: formatDuration(retryDelayMs),
    timeout: formatDuration(timeoutMs),
    fetch: FETCHES.map((adapter) => adapter.print(fetch)).find((printed) => printed !== null),
  };
}

function refusalOf(fetch: FetchConfig, into: StreamConfig): string | null {
  return FETCHES.map((adapter) => adapter.refuses(fetch, into)).find((refused) => refused !== null) ?? null;
}

function redacted(fetch: FetchConfig): FetchConfig {
  return FETCHES.map((adapter) => adapter.redact(fetch)).find((shown) => shown !== null) ?? fetch;
}
