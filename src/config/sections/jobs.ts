/** What runs by the clock, after something else, or by hand; each job in steps. */
import { z } from 'zod';
import type { Job } from '../../jobs/job.ts';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { instant, name, timer } from '../../keys/value-schema.ts';
import { SERVICE_ALERTS } from '../../messages/check-facts.ts';
import type { StepPlace } from '../../steps/adapter.ts';
import { retries } from '../../steps/step-keys.ts';
import { section } from '../section.ts';
import { checksSection, suiteOn } from './checks.ts';
import { commandsSection } from './commands.ts';
import { declaredEngines, enginesSection } from './engines.ts';
import { alert, alertsOf, isWatched, printAlert } from './job-alert.ts';
import { intoOf, printRetry, printStep, redactStep, retryOf, type StepConfig, steps, stepsOf } from './job-steps.ts';
import { printTrigger, type TriggerPlace, trigger, triggerOf } from './job-trigger.ts';
import { poolsSection } from './pools.ts';
import { jobsOfSchedules } from './replaced-schedules.ts';
import { type StreamConfig, streamsSection } from './streams.ts';
import { viewsSection } from './views.ts';
import { windowsSection } from './windows.ts';

export interface JobConfig extends Job {
  readonly retry: ReturnType<typeof retryOf>;
  readonly steps: readonly StepConfig[];
}

const job = z.strictObject({
  schedule: trigger,
  catchup: z
    .enum(['all', 'latest', 'none'])
    .default('latest')
    .describe('Intervals that nobody was there for: all of them, oldest first; the latest; or none.'),
  catchupMax: z.int().min(1).max(1_000_000).default(1000).describe('With catchup all: so many at most, the newest.'),
  startAt: instant.nullable().prefault(null).describe('With catchup all: where the first interval ever starts.'),
  lookback: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe('Intervals before its own that a scheduled run processes again, for data that came late.'),
  overlap: z
    .enum(['skip', 'queue', 'cancel-previous'])
    .default('skip')
    .describe('What becomes of a run that is due while `maxActiveRuns` run.'),
  maxActiveRuns: z.int().min(1).max(1000).default(1).describe('Runs at once; a backfill has its own bound.'),
  dependsOnPast: z.boolean().default(false).describe('A run waits until the one before it has succeeded.'),
  priority: z.int().min(-1000).max(1000).default(0).describe('Of two that wait for a slot the higher goes first.'),
  retries: retries.prefault({}),
  timeout: timer.nullable().prefault(null).describe('Of a run, from its start.'),
  alert,
  params: z
    .record(name, z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .default({})
    .describe('What a run may be given, with the values when it is not: `job run JOB --param k=v`.'),
  steps,
});

type RawJob = z.output<typeof job>;

export const jobsSection = section({
  key: 'jobs',
  schema: z.record(name, job).default({}),
  elsewhere: [{ path: 'schedules', message: jobsOfSchedules }],
  outputs: (jobs: readonly JobConfig[]) => (jobs.some(isWatched) ? [SERVICE_ALERTS] : []),
  derive(raw, reading): readonly JobConfig[] {
    const streams = streamsSection.of(reading);
    const names = Object.keys(raw);
    const suites = checksSection.of(reading).map(({ name: suite, of }) => ({ name: suite, on: suiteOn(of) }));
    const windows = [...windowsSection.of(reading), ...viewsSection.of(reading).flatMap((view) => view.windows)];
    const jobs = Object.entries(raw).map(([each, written]) => {
      const pools = poolsSection.of(reading);
      const commands = commandsSection.of(reading);
      const engines = declaredEngines(enginesSection.of(reading));
      const place = { names, windows, streams, pools, commands, engines, suites, resolve: reading.resolve };
      return jobOf(each, written, place, (path, message, character) =>
        reading.report(['jobs', each, ...path], message, character),
      );
    });
    checkFed(streams, jobs, reading.report);
    checkTables(streams, jobs, reading.report);
    return jobs;
  },
  print: (jobs) => Object.fromEntries(jobs.map((each) => [each.name, printJob(each)])),
  redact: (jobs) => jobs.map((each) => ({ ...each, steps: each.steps.map(redactStep) })),
});

interface Place extends TriggerPlace {
  readonly streams: readonly StreamConfig[];
  readonly pools: Readonly<Record<string, number>>;
  readonly suites: StepPlace['suites'];
  readonly commands: readonly string[];
  readonly engines: readonly string[];
}

function jobOf(own: string, raw: RawJob, place: Place, report: Report): JobConfig {
  const retry = retryOf(raw.retries);
  const streams = place.streams.map(({ name: stream, schema, key, eventTime, format, source }) => {
    const into = { name: stream, schema, key, eventTime, times: format.json };
    return { ...into, refuses: (by: string) => refusalOf(source, by) };
  });
  const started = triggerOf(raw.schedule, own, place, ['schedule'], report);
  const params = [...Object.keys(raw.params), ...(started?.kind === 'file' ? ['file'] : [])];
  if (raw.startAt !== null && raw.catchup !== 'all') report(['startAt'], 'is for `catchup: all`');
  return {
    name: own,
    trigger: started,
    catchup: raw.catchup,
    catchupMax: raw.catchupMax,
    startAtMs: raw.startAt,
    lookback: raw.lookback,
    overlap: raw.overlap,
    maxActiveRuns: raw.maxActiveRuns,
    dependsOnPast: raw.dependsOnPast,
    priority: raw.priority,
    retry,
    timeoutMs: raw.timeout,
    alert: alertsOf(raw.alert),
    params: raw.params,
    steps: stepsOf(raw.steps, { ...place, job: own, params, retry, streams }, (path, message, character) =>
      report(['steps', ...path], message, character),
    ),
  };
}

function refusalOf(source: StreamConfig['source'], by: string): string | null {
  if (source.kind === 'http') return null;
  if (source.kind === 'job') return source.job === by ? null : `is fed by the job ${source.job}`;
  return `takes its events from elsewhere, \`source: ${source.kind}\`; give it \`source: { job: ${by} }\``;
}

/** Checks that each stream which waits for a job is fed by a step of that job. */
function checkFed(streams: readonly StreamConfig[], jobs: readonly JobConfig[], report: Report): void {
  for (const { name: stream, source } of streams) {
    if (source.kind !== 'job') continue;
    const at = ['streams', stream, 'source', 'job'];
    const feeder = jobs.find((each) => each.name === source.job);
    if (feeder === undefined) {
      const names = jobs.map((each) => each.name);
      report(at, unknownName('job', source.job, names));
    } else if (!feeder.steps.some((step) => intoOf(step) === stream)) {
      report(at, `no step of the job ${source.job} has \`into: ${stream}\``);
    }
  }
}

/** Checks that some step writes each job table that a job waits for. */
function checkTables(streams: readonly StreamConfig[], jobs: readonly JobConfig[], report: Report): void {
  const written = jobs.flatMap(({ steps: own }) => own.flatMap((step) => intoOf(step) ?? []));
  const tables = [...new Set(written)].filter((name) => !streams.some((stream) => stream.name === name));
  for (const { name: own, trigger: started } of jobs) {
    if (started?.kind !== 'table' || tables.includes(started.table)) continue;
    report(['jobs', own, 'schedule', 'on', 'table'], unknownName('job table', started.table, tables));
  }
}

function printJob({
  name: _,
  trigger: written,
  startAtMs,
  retry,
  timeoutMs,
  alert: alerts,
  steps: own,
  ...rest
}: JobConfig) {
  return {
    schedule: printTrigger(written),
    ...rest,
    alert: printAlert(alerts),
    startAt: startAtMs === null ? null : new Date(startAtMs).toISOString(),
    retries: printRetry(retry),
    timeout: timeoutMs === null ? null : formatDuration(timeoutMs),
    steps: Object.fromEntries(own.map((step) => [step.name, printStep(step)])),
  };
}
