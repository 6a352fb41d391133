/**
 * What the scheduler does next, as events, from the state of the jobs and the time: runs that are due, runs and steps that
 * begin, runs that are over or out of time. It is asked until it has nothing more to say; each event is applied as it is
 * decided, so that one journaled batch holds all that one moment decides.
 */
import type { StepChanged } from '../messages/job-events.ts';
import type { RunChanged } from '../messages/operations.ts';
import { backfillRuns } from './backfill.ts';
import { dueIntervals, nextDue } from './interval.ts';
import type { Job } from './job.ts';
import { advanceRun } from './progress.ts';
import { queuedRun } from './queued-run.ts';
import {
  applyEvent,
  BY_SCHEDULE,
  isClockBehind,
  isScheduled,
  type JobEvent,
  type JobRuns,
  type JobsState,
  type Run,
  runsOf,
  scheduledUntil,
} from './runs.ts';
import { type Timetable, timetable } from './timetable.ts';

export interface PlannedJob extends Job {
  /** Null for one that no clock starts. */
  readonly timetable: Timetable | null;
}

export interface Planner {
  readonly jobs: ReadonlyMap<string, PlannedJob>;
  /** Applies what it decides to the state. */
  decide(state: JobsState, nowMs: number): JobEvent[];
  /** How long until there may be more to decide, if nothing happens. */
  sleepMs(state: JobsState, nowMs: number): number;
  /** The jobs with runs in the future: the clock was ahead when these were made. */
  ahead(state: JobsState, nowMs: number): string[];
}

/** A sleep never outlasts this, so that a clock that was set or a suspended machine is noticed. */
const MAX_SLEEP_MS = 60_000;
/** Runs that a job makes at one moment at most: the rest follows at the next. */
const DUE_AT_ONCE = 100;
/** Runs that wait for others of their job, with `overlap: queue`. */
const QUEUED_MAX = 16;

export function plannedJob(job: Job): PlannedJob {
  const { trigger } = job;
  if (trigger === null || trigger.kind === 'job' || trigger.kind === 'file') return { ...job, timetable: null };
  const spec =
    trigger.kind === 'every' ? { everyMs: trigger.everyMs } : { cron: trigger.expression, timeZone: trigger.timeZone };
  return { ...job, timetable: timetable(spec) };
}

export function createPlanner(
  list: readonly PlannedJob[],
  pools: Readonly<Record<string, number>>,
  sinceMs: number,
  /** Whether the clock makes runs; else only people and backfills do. */
  bySchedule = true,
): Planner {
  const jobs = new Map(list.map((job) => [job.name, job]));
  /** When a job is due again at the earliest: until then its timetable need not be asked. */
  const dueAt = new Map<string, number>();
  let decidedAt = Number.NEGATIVE_INFINITY;

  function decide(state: JobsState, nowMs: number): JobEvent[] {
    const events: JobEvent[] = [];
    const emit = (event: JobEvent): void => {
      applyEvent(state, event);
      events.push(event);
      if (event.kind === 'run' && event.event.state === 'success') follow(state, event.event, nowMs, emit);
    };
    // A clock that was set back counts from where it stands.
    if (nowMs < decidedAt) dueAt.clear();
    decidedAt = nowMs;
    for (const job of list) {
      const at = dueAt.get(job.name);
      if (!bySchedule || job.timetable === null || (at !== undefined && nowMs < at)) continue;
      const runs = runsOf(state, job.name);
      if (!runs.isPaused && planDue(job, job.timetable, runs, nowMs, sinceMs, emit)) {
        dueAt.set(job.name, nextDue(job.timetable, nowMs) ?? Number.POSITIVE_INFINITY);
      } else dueAt.delete(job.name);
    }
    for (const backfill of state.backfills.values()) {
      const job = jobs.get(backfill.event.job);
      if (job !== undefined) backfillRuns(backfill, job, runsOf(state, job.name), nowMs, emit);
    }
    startRuns(state, jobs, nowMs, emit);
    const running = [...state.jobs.values()].flatMap(({ open }) =>
      [...open.values()].filter(({ event }) => event.state === 'running'),
    );
    const taken = new Map<string, number>();
    for (const run of running) {
      for (const step of run.steps.values()) {
        if (step.state !== 'running') continue;
        const pool = jobs.get(step.job)?.steps.find(({ name }) => name === step.step)?.pool ?? '';
        taken.set(pool, (taken.get(pool) ?? 0) + 1);
      }
    }
    const takeSlot = (pool: string): boolean => {
      const used = taken.get(pool) ?? 0;
      if (used >= (pools[pool] ?? 1)) return false;
      taken.set(pool, used + 1);
      return true;
    };
    const priorityOf = ({ event }: Run): number => jobs.get(event.job)?.priority ?? 0;
    running.sort((a, b) => priorityOf(b) - priorityOf(a) || a.event.intervalEnd - b.event.intervalEnd);
    for (const run of running) {
      const job = jobs.get(run.event.job);
      if (job === undefined) continue;
      endInTime(run, job, nowMs, emit);
      advanceRun(run, job, nowMs, takeSlot, {
        step: (event: StepChanged) => emit({ kind: 'step', event }),
        run: (event: RunChanged) => emit({ kind: 'run', event }),
      });
    }
    return events;
  }

  /** The jobs that wait for the success of this one. */
  function follow(state: JobsState, after: RunChanged, nowMs: number, emit: (event: JobEvent) => void): void {
    for (const job of list) {
      if (job.trigger?.kind !== 'job' || job.trigger.job !== after.job) continue;
      const runs = runsOf(state, job.name);
      if (runs.isPaused) continue;
      const interval = { start: after.intervalStart, end: after.intervalEnd };
      const event = queuedRun(job.name, interval, `job:${after.runId}`, nowMs);
      const isKnown = runs.open.has(event.runId) || runs.recent.some((run) => run.event.runId === event.runId);
      emit({ kind: 'run', event: isKnown ? { ...event, runId: `${event.runId}+${nowMs.toString(36)}` } : event });
    }
  }

  return {
    jobs,
    decide,
    sleepMs(state, nowMs) {
      let wakeAt = nowMs + MAX_SLEEP_MS;
      for (const at of dueAt.values()) wakeAt = Math.min(wakeAt, at);
      for (const { open } of state.jobs.values()) {
        for (const run of open.values()) {
          const timeoutMs = jobs.get(run.event.job)?.timeoutMs ?? null;
          if (timeoutMs !== null && run.startedAt !== null) wakeAt = Math.min(wakeAt, run.startedAt + timeoutMs);
          for (const { state: step, waitUntil } of run.steps.values()) {
            if (step === 'up_for_retry' && waitUntil !== null) wakeAt = Math.min(wakeAt, waitUntil);
          }
        }
      }
      return Math.max(1, wakeAt - nowMs);
    },
    ahead: (state, nowMs) =>
      list.filter(({ name }) => isClockBehind(runsOf(state, name), nowMs)).map(({ name }) => name),
  };
}

/** Makes the runs that are due; false when some wait for others to end. */
function planDue(
  job: PlannedJob,
  times: Timetable,
  runs: JobRuns,
  nowMs: number,
  sinceMs: number,
  emit: (event: JobEvent) => void,
): boolean {
  const { catchup, catchupMax, startAtMs } = job;
  for (let made = 0; made < DUE_AT_ONCE; made++) {
    const progress = {
      scheduledUntil: scheduledUntil(runs, nowMs),
      startAt: startAtMs,
      catchup,
      catchupMax,
      since: sinceMs,
    };
    const [interval] = dueIntervals(times, progress, nowMs, 1);
    if (interval === undefined) return true;
    const event = queuedRun(job.name, interval, BY_SCHEDULE, nowMs);
    const others = [...runs.open.values()].filter((run) => run.event.backfill === null);
    if (others.length < job.maxActiveRuns) {
      emit({ kind: 'run', event });
      continue;
    }
    if (!overlap(job, event, others, nowMs, emit)) return false;
  }
  return false;
}

/** What becomes of a run that is due while as many as may run at once do; false when it waits as arithmetic. */
function overlap(
  job: PlannedJob,
  event: RunChanged,
  others: readonly Run[],
  nowMs: number,
  emit: (event: JobEvent) => void,
): boolean {
  const scheduled = others.filter((run) => isScheduled(run.event));
  if (job.overlap === 'cancel-previous') {
    for (const run of scheduled) emit({ kind: 'run', event: cancelled(run, 'A newer run took its place', nowMs) });
    emit({ kind: 'run', event });
    return true;
  }
  if (job.overlap === 'queue') {
    const waiting = others.filter((run) => run.event.state === 'queued').length;
    if (job.catchup === 'all' || waiting >= QUEUED_MAX) return false;
    emit({ kind: 'run', event });
    return true;
  }
  // What was missed before those under way began is caught up with, not skipped.
  const began = Math.max(...others.map((run) => run.startedAt ?? run.queuedAt));
  if (event.intervalEnd <= began) return false;
  const message = `${others.length === 1 ? 'The run before it' : `${others.length} runs`} had not ended when it was due`;
  emit({ kind: 'run', event: { ...event, state: 'skipped', message } });
  return true;
}

function startRuns(
  state: JobsState,
  jobs: ReadonlyMap<string, PlannedJob>,
  nowMs: number,
  emit: (event: JobEvent) => void,
): void {
  for (const [name, runs] of state.jobs) {
    const job = jobs.get(name);
    if (job === undefined || runs.open.size === 0) continue;
    const open = [...runs.open.values()];
    let active = open.filter(({ event }) => event.state !== 'queued' && event.backfill === null).length;
    const queued = open.filter(({ event }) => event.state === 'queued');
    queued.sort((a, b) => a.event.intervalEnd - b.event.intervalEnd);
    for (const run of queued) {
      const { event } = run;
      if (event.backfill === null && active >= job.maxActiveRuns) continue;
      if (job.dependsOnPast && isScheduled(event) && !pastSucceeded(runs, event)) continue;
      if (event.backfill === null) active++;
      emit({ kind: 'run', event: { ...event, state: 'running', attempt: event.attempt + 1, changedAt: nowMs } });
    }
  }
}

/** The first run has no past. */
function pastSucceeded({ open, lastScheduled }: JobRuns, event: RunChanged): boolean {
  const isBefore = (run: Run): boolean => isScheduled(run.event) && run.event.intervalEnd < event.intervalEnd;
  if ([...open.values()].some(isBefore)) return false;
  return lastScheduled === null || lastScheduled.end >= event.intervalEnd || lastScheduled.state === 'success';
}

function endInTime(run: Run, { timeoutMs }: Job, nowMs: number, emit: (event: JobEvent) => void): void {
  if (timeoutMs === null || run.startedAt === null || run.event.ending !== null) return;
  if (run.startedAt + timeoutMs > nowMs) return;
  const message = `It ran longer than its timeout of ${timeoutMs / 1000} s`;
  emit({ kind: 'run', event: { ...run.event, ending: 'failed', message, changedAt: nowMs } });
}

/** The event of a run that is to end early: at once when nothing of it is at work. */
export function cancelled({ event }: Run, message: string, nowMs: number): RunChanged {
  if (event.state === 'running') return { ...event, ending: 'cancelled', message, changedAt: nowMs };
  return { ...event, state: 'cancelled', ending: null, message, changedAt: nowMs };
}
