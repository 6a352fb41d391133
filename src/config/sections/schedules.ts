/** What runs on a schedule, and feeds a stream. */
import { z } from 'zod';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name, REDACTED, timer, url } from '../../keys/value-schema.ts';
import { timetable } from '../../schedule/timetable.ts';
import { weatherObservationType } from '../../weather/observation.ts';
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
  readonly fetch: {
    readonly kind: 'open-meteo';
    /** `demo` is the server on loopback that plays recorded observations. */
    readonly url: string;
    readonly places: readonly { readonly name: string; readonly latitude: number; readonly longitude: number }[];
    readonly pastDays: number;
  };
  readonly into: string;
}

const place = z.strictObject({
  name: z.string().min(1),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});

const schedule = z.strictObject({
  cron: z.string().optional().describe('When it runs, such as "5 * * * *".'),
  timezone: z.string().default('UTC').describe('The IANA time zone of cron.'),
  every: duration.optional().describe('When it runs, instead of cron.'),
  catchup: z.boolean().default(false).describe('After downtime: true for every missed interval, false for the latest.'),
  retries: z.int().min(0).max(100).default(3),
  retryDelay: timer.prefault('5s').describe('Before the first retry; it doubles with each.'),
  timeout: timer.prefault('30s'),
  into: z.string().describe('The stream that it feeds.'),
  fetch: z.strictObject({
    openMeteo: z.strictObject({
      url: z
        .union([z.literal('demo'), url])
        .describe('`demo` is the server on loopback that plays recorded observations.'),
      pastDays: z.int().min(0).max(92).default(1),
      places: z.array(place).min(1).max(1000),
    }),
  }),
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
  redact: (schedules) =>
    schedules.map((each) => ({ ...each, fetch: { ...each.fetch, url: withoutQuery(each.fetch.url) } })),
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
  if (into === undefined) report([...at, 'into'], unknownName('stream', raw.into, known));
  else if (into.schema !== weatherObservationType.schema) {
    report([...at, 'into'], `${raw.into} must be a stream of \`builtin: WeatherObservation\``);
  } else if (into.source.kind !== 'job' || into.source.job !== job) {
    report([...at, 'into'], `${raw.into} must have \`source: { job: ${job} }\``);
  }
  const places = raw.fetch.openMeteo.places.map((place) => place.name);
  for (const [index, name] of places.entries()) {
    if (places.indexOf(name) === index) continue;
    report([...at, 'fetch', 'openMeteo', 'places', String(index)], `${name} is the name of another place already`);
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
    fetch: { kind: 'open-meteo', ...raw.fetch.openMeteo },
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

function withoutQuery(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname, search, username, password } = new URL(url);
  return search === '' && username === '' && password === '' ? url : `${origin}${pathname}?${REDACTED}`;
}
