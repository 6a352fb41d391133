/**
 * What the scheduler does next, as pure functions of the jobs, their runs and the time.
 *
 * A job has one run at a time. A scheduled run is created only when its job is free, so missed intervals wait as
 * arithmetic and not in a queue; a triggered run is created at once and waits its turn, at most one a job.
 */
import type { RunChanged } from '../messages/operations.ts';
import {
  type Catchup,
  type DataInterval,
  dueIntervals,
  isTriggered,
  nextDue,
  runId,
  triggerInterval,
} from './interval.ts';
import { isClockBehind, jobRuns, type Runs, scheduledUntil } from './runs.ts';
import type { Timetable } from './timetable.ts';

export interface ScheduledJob {
  readonly name: string;
  readonly timetable: Timetable;
  readonly catchup: Catchup;
  /** With catchup `all`: the start of the first interval ever; null begins with the latest. */
  readonly startAt: number | null;
  /** Attempts after the first. */
  readonly retries: number;
}

/** What the worker of a job says about its run. */
export type RunReport = Pick<RunChanged, 'job' | 'runId' | 'state' | 'attempt' | 'records' | 'message'>;

/** The runs to create now: for each job that is free, the oldest interval that is due. */
export function dueRuns(
  jobs: readonly ScheduledJob[],
  runs: Runs,
  isFree: (job: string) => boolean,
  nowMs: number,
): RunChanged[] {
  return jobs.flatMap((job) => {
    if (!isFree(job.name)) return [];
    const { timetable, startAt, catchup } = job;
    const progress = { scheduledUntil: scheduledUntil(jobRuns(runs, job.name), nowMs), startAt, catchup };
    const due = dueIntervals(timetable, progress, nowMs, 1);
    return due.map((interval) => queuedRun(job.name, interval, nowMs));
  });
}

/** The jobs with runs in the future: the clock was ahead when these were made. */
export function jobsAhead(jobs: readonly ScheduledJob[], runs: Runs, nowMs: number): string[] {
  return jobs.filter(({ name }) => isClockBehind(jobRuns(runs, name), nowMs)).map(({ name }) => name);
}

/** The run of an operator's trigger, or null when one already waits and serves this trigger too. */
export function triggeredRun(job: ScheduledJob, runs: Runs, nowMs: number): RunChanged | null {
  const { open, lastTriggeredAt } = jobRuns(runs, job.name);
  for (const run of open.values()) if (run.state === 'queued' && isTriggered(run)) return null;
  return queuedRun(job.name, triggerInterval(job.timetable, lastTriggeredAt, nowMs), nowMs);
}

/** The queued run of a job that is to start next; scheduled and triggered ones by their end. */
export function nextToStart(runs: Runs, job: string): RunChanged | null {
  let first: RunChanged | null = null;
  for (const run of jobRuns(runs, job).open.values()) {
    if (run.state === 'queued' && (first === null || run.intervalEnd < first.intervalEnd)) first = run;
  }
  return first;
}

/** The event of a report about an open run; null when that run is over or was never started. */
export function reportedRun(runs: Runs, report: RunReport, nowMs: number): RunChanged | null {
  const run = jobRuns(runs, report.job).open.get(report.runId);
  return run === undefined ? null : { ...run, ...report, changedAt: nowMs };
}

/** A sleep never outlasts this, so that a clock that was set or a suspended machine is noticed. */
export const MAX_SLEEP_MS = 60_000;

/**
 * How long until another run may be due; `decidedAtMs` is when due runs were last looked for. A clock that was set back
 * since then counts from where it stands.
 */
export function sleepMs(jobs: readonly ScheduledJob[], decidedAtMs: number, nowMs: number): number {
  let wakeAtMs = nowMs + MAX_SLEEP_MS;
  for (const { timetable } of jobs)
    wakeAtMs = Math.min(wakeAtMs, nextDue(timetable, Math.min(decidedAtMs, nowMs)) ?? wakeAtMs);
  return Math.max(1, wakeAtMs - nowMs);
}

function queuedRun(job: string, interval: DataInterval, nowMs: number): RunChanged {
  return {
    job,
    runId: runId(job, interval),
    intervalStart: interval.start,
    intervalEnd: interval.end,
    state: 'queued',
    attempt: 0,
    changedAt: nowMs,
    records: 0,
    message: null,
  };
}
