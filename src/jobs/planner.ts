/**
 * What the scheduler does next, as events, from the state of the jobs and the time: runs that are due, runs and steps
 * that begin, runs that are over or out of time. It is called until it gives no more events. Each event is applied as
 * it is decided, so that one journaled batch holds all decisions of one moment.
 */
import type { StepChanged } from '../messages/job-events.ts';
import type { RunChanged } from '../messages/operations.ts';
import { backfillRuns, backfillSlots } from './backfill.ts';
import { planDue } from './due-runs.ts';
import { endInTime } from './early-end.ts';
import { nextDue } from './interval.ts';
import { hasClock, type Job, type Trigger } from './job.ts';
import { advanceRun } from './progress.ts';
import { queuedRun } from './queued-run.ts';
import {
  applyEvent,
  isClockBehind,
  isScheduled,
  type JobEvent,
  type JobRuns,
  type JobsState,
  type Run,
  runNamed,
  runsOf,
} from './runs.ts';
import { type Timetable, timetable, windowTimetable } from './timetable.ts';
import { tableSubject, tableTrigger } from './triggers.ts';

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

export function plannedJob(job: Job): PlannedJob {
  return { ...job, timetable: timetableOf(job.trigger) };
}

function timetableOf(trigger: Trigger | null): Timetable | null {
  switch (trigger?.kind) {
    case 'every':
      return timetable({ everyMs: trigger.everyMs });
    case 'cron':
      return timetable({ cron: trigger.expression, timeZone: trigger.timeZone });
    case 'window':
      return windowTimetable(trigger.times);
    default:
      return null;
  }
}

export function createPlanner(
  list: readonly PlannedJob[],
  pools: Readonly<Record<string, number>>,
  sinceMs: number,
  /** Whether the clock makes runs; else only people and backfills do. */
  bySchedule = true,
  /** Up to where all events of a window's partitions are known, exclusive; null while that is not known. */
  eventTimeOf: (window: string) => number | null = () => null,
): Planner {
  const jobs = new Map(list.map((job) => [job.name, job]));
  /** When a job is due again at the earliest: until then its timetable need not be asked. */
  const dueAt = new Map<string, number>();
  /** Of jobs that windows start: the event time at which this planner began. */
  const eventsSince = new Map<string, number>();
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
    for (const job of bySchedule ? list : []) {
      const at = dueAt.get(job.name);
      if (job.trigger?.kind === 'table') followTable(state, job, job.trigger.table, nowMs, emit);
      const time = timeOf(job, nowMs);
      if (job.timetable === null || time === null || (at !== undefined && time < at)) continue;
      const runs = runsOf(state, job.name);
      const since = eventsSince.get(job.name) ?? sinceMs;
      if (!runs.isPaused && planDue(job, job.timetable, runs, { time, since, nowMs }, emit)) {
        dueAt.set(job.name, nextDue(job.timetable, time) ?? Number.POSITIVE_INFINITY);
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
    const takenByBackfills = new Map<string, number>();
    for (const run of running) {
      for (const step of run.steps.values()) {
        if (step.state !== 'running') continue;
        const pool = jobs.get(step.job)?.steps.find(({ name }) => name === step.step)?.pool ?? '';
        taken.set(pool, (taken.get(pool) ?? 0) + 1);
        if (run.event.backfill !== null) takenByBackfills.set(pool, (takenByBackfills.get(pool) ?? 0) + 1);
      }
    }
    const takeSlot = (pool: string): boolean => {
      const used = taken.get(pool) ?? 0;
      if (used >= (pools[pool] ?? 1)) return false;
      taken.set(pool, used + 1);
      return true;
    };
    const takeSlotBeside = (pool: string): boolean => {
      const used = takenByBackfills.get(pool) ?? 0;
      if (used >= backfillSlots(pools[pool] ?? 1) || !takeSlot(pool)) return false;
      takenByBackfills.set(pool, used + 1);
      return true;
    };
    const priorityOf = ({ event }: Run): number => jobs.get(event.job)?.priority ?? 0;
    const isBackfill = ({ event }: Run): number => (event.backfill === null ? 0 : 1);
    running.sort(
      (a, b) =>
        isBackfill(a) - isBackfill(b) || priorityOf(b) - priorityOf(a) || a.event.intervalEnd - b.event.intervalEnd,
    );
    for (const run of running) {
      const job = jobs.get(run.event.job);
      if (job === undefined) continue;
      endInTime(run, job, nowMs, emit);
      advanceRun(run, job, nowMs, run.event.backfill === null ? takeSlot : takeSlotBeside, {
        step: (event: StepChanged) => emit({ kind: 'step', event }),
        run: (event: RunChanged) => emit({ kind: 'run', event }),
      });
    }
    return events;
  }

  /** The time that a job goes by: its windows' event time, else the clock's. */
  function timeOf({ name, trigger }: Job, nowMs: number): number | null {
    if (trigger?.kind !== 'window') return nowMs;
    const time = eventTimeOf(trigger.window);
    if (time !== null && !eventsSince.has(name)) eventsSince.set(name, time);
    return time;
  }

  /** A run for the newest publication of a table, if it has none. */
  function followTable(
    state: JobsState,
    job: PlannedJob,
    table: string,
    nowMs: number,
    emit: (event: JobEvent) => void,
  ): void {
    const published = state.tables.get(table);
    const runs = runsOf(state, job.name);
    if (published === undefined || runs.isPaused) return;
    const by = tableTrigger(published);
    if (runs.triggers.get(tableSubject(table)) === by) return;
    if (job.catchup === 'none' && published.publishedAt < sinceMs) return;
    const of = state.jobs.get(published.job);
    const { intervalStart = nowMs, intervalEnd = nowMs } = (of && runNamed(of, published.runId)?.event) ?? {};
    const event = queuedRun(job.name, { start: intervalStart, end: intervalEnd }, by, nowMs);
    emit({ kind: 'run', event: unlikeOthers(runs, event, nowMs) });
  }

  /** The jobs that wait for the success of this one. */
  function follow(state: JobsState, after: RunChanged, nowMs: number, emit: (event: JobEvent) => void): void {
    for (const job of list) {
      if (job.trigger?.kind !== 'job' || job.trigger.job !== after.job) continue;
      const runs = runsOf(state, job.name);
      if (runs.isPaused) continue;
      const interval = { start: after.intervalStart, end: after.intervalEnd };
      const event = queuedRun(job.name, interval, `job:${after.runId}`, nowMs);
      emit({ kind: 'run', event: unlikeOthers(runs, event, nowMs) });
    }
  }

  return {
    jobs,
    decide,
    sleepMs(state, nowMs) {
      let wakeAt = nowMs + MAX_SLEEP_MS;
      for (const [name, at] of dueAt) {
        if (jobs.get(name)?.trigger?.kind !== 'window') wakeAt = Math.min(wakeAt, at);
      }
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
      list.filter((job) => hasClock(job) && isClockBehind(runsOf(state, job.name), nowMs)).map(({ name }) => name),
  };
}

/** Two runs of what covers the same interval have ids of their own. */
function unlikeOthers(runs: JobRuns, event: RunChanged, nowMs: number): RunChanged {
  const isKnown = runNamed(runs, event.runId) !== undefined;
  return isKnown ? { ...event, runId: `${event.runId}+${nowMs.toString(36)}` } : event;
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
  return lastScheduled === null || lastScheduled.end >= event.intervalEnd || lastScheduled.succeeded;
}
