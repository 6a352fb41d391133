/**
 * The state of all jobs, as a fold over their events. It holds the open runs, the last few that ended, and some marks a
 * job, so it does not grow with history. The fold changes the state in place: it is the scheduler's own.
 */
import type { BackfillChanged, JobPaused, StepChanged } from '../messages/job-events.ts';
import type { RunChanged } from '../messages/operations.ts';
import type { TablePublished } from '../messages/table-facts.ts';
import { isTriggered } from './interval.ts';
import { emptyLedger, type Ledger, noteInterval } from './ledger.ts';
import { triggerSubject } from './triggers.ts';

/** What the scheduler decides. */
export type JobEvent =
  | { readonly kind: 'run'; readonly event: RunChanged }
  | { readonly kind: 'step'; readonly event: StepChanged }
  | { readonly kind: 'paused'; readonly event: JobPaused }
  | { readonly kind: 'backfill'; readonly event: BackfillChanged };

/** What the state is a fold over: beside its own events, publications of job tables. */
export type JobFact = JobEvent | { readonly kind: 'table'; readonly event: TablePublished };

export interface Run {
  /** The newest event of the run. */
  event: RunChanged;
  queuedAt: number;
  startedAt: number | null;
  /** The newest event of each step that has one, by stepKey(). */
  readonly steps: Map<string, StepChanged>;
}

export interface JobRuns {
  isPaused: boolean;
  /** The ends of the last intervals with a scheduled run, whatever became of it, in the order of the runs. */
  ends: number[];
  lastTriggeredAt: number | null;
  /** Runs without a terminal event, by run id. */
  readonly open: Map<string, Run>;
  /** The last that ended, oldest first. */
  readonly recent: Run[];
  /** Of the newest scheduled interval whose run ended. */
  lastScheduled: { readonly end: number; readonly succeeded: boolean } | null;
  /** When a run ended in success last. */
  succeededAt: number | null;
  readonly ledger: Ledger;
  /** Of each file and each table that has started a run, what its newest run was made by. */
  readonly triggers: Map<string, string>;
}

export interface Backfill {
  event: BackfillChanged;
  /** The end of the last interval that it has a run for. */
  cursor: number;
}

export interface JobsState {
  readonly jobs: Map<string, JobRuns>;
  /** Those that are not over. */
  readonly backfills: Map<string, Backfill>;
  /** The newest publication of each job table. */
  readonly tables: Map<string, TablePublished>;
}

export function noJobs(): JobsState {
  return { jobs: new Map(), backfills: new Map(), tables: new Map() };
}

export function runsOf(state: JobsState, job: string): JobRuns {
  const known = state.jobs.get(job);
  if (known !== undefined) return known;
  const runs: JobRuns = {
    isPaused: false,
    ends: [],
    lastTriggeredAt: null,
    open: new Map(),
    recent: [],
    lastScheduled: null,
    succeededAt: null,
    ledger: emptyLedger(),
    triggers: new Map(),
  };
  state.jobs.set(job, runs);
  return runs;
}

export function isTerminal(state: RunChanged['state']): boolean {
  return state === 'success' || state === 'failed' || state === 'skipped' || state === 'cancelled';
}

export function stepKey(step: string, item: number): string {
  return item < 0 ? step : `${step}[${item}]`;
}

/** A run by its id, open or among the last that ended. */
export function runNamed(runs: JobRuns, runId: string): Run | undefined {
  return runs.open.get(runId) ?? runs.recent.find(({ event }) => event.runId === runId);
}

/** Enough that a clock which ran ahead for a while leaves some ends of the right time. */
const ENDS_KEPT = 512;
const RECENT_KEPT = 25;

export function applyEvent(state: JobsState, { kind, event }: JobFact): void {
  switch (kind) {
    case 'run':
      applyRun(state, event);
      return;
    case 'step':
      runNamed(runsOf(state, event.job), event.runId)?.steps.set(stepKey(event.step, event.item), event);
      return;
    case 'paused':
      runsOf(state, event.job).isPaused = event.isPaused;
      return;
    case 'backfill':
      applyBackfill(state, event);
      return;
    case 'table':
      state.tables.set(event.table, event);
  }
}

function applyBackfill({ backfills }: JobsState, event: BackfillChanged): void {
  const known = backfills.get(event.backfill);
  if (event.state !== 'running') backfills.delete(event.backfill);
  else if (known === undefined) backfills.set(event.backfill, { event, cursor: event.from });
  else known.event = event;
}

function applyRun(state: JobsState, event: RunChanged): void {
  const runs = runsOf(state, event.job);
  const known = runNamed(runs, event.runId);
  const run = known ?? { event, queuedAt: event.changedAt, startedAt: null, steps: new Map() };
  run.event = event;
  if (event.state === 'queued') run.startedAt = null;
  if (event.state === 'running') run.startedAt ??= event.changedAt;
  if (known === undefined) noteNew(state, runs, event);
  const at = runs.recent.indexOf(run);
  if (!isTerminal(event.state)) {
    if (at >= 0) runs.recent.splice(at, 1);
    runs.open.set(event.runId, run);
    return;
  }
  runs.open.delete(event.runId);
  if (at < 0) runs.recent.push(run);
  if (runs.recent.length > RECENT_KEPT) runs.recent.shift();
  noteEnd(runs, event);
}

function noteNew(state: JobsState, runs: JobRuns, event: RunChanged): void {
  if (isTriggered(event)) runs.lastTriggeredAt = Math.max(runs.lastTriggeredAt ?? event.intervalEnd, event.intervalEnd);
  else if (isScheduled(event) && !runs.ends.includes(event.intervalEnd)) {
    runs.ends.push(event.intervalEnd);
    if (runs.ends.length > ENDS_KEPT) runs.ends.shift();
  }
  const of = triggerSubject(event.trigger);
  if (of !== null) noteTrigger(runs, of, event.trigger);
  const backfill = event.backfill === null ? undefined : state.backfills.get(event.backfill);
  if (backfill !== undefined) backfill.cursor = Math.max(backfill.cursor, event.intervalEnd);
}

/** The longest unused are forgotten beyond so many: a folder that is never emptied does not fill the memory. */
const TRIGGERS_MAX = 100_000;

function noteTrigger({ triggers }: JobRuns, of: string, by: string): void {
  triggers.delete(of);
  triggers.set(of, by);
  if (triggers.size <= TRIGGERS_MAX) return;
  for (const oldest of triggers.keys()) {
    triggers.delete(oldest);
    return;
  }
}

function noteEnd(runs: JobRuns, event: RunChanged): void {
  const { state, intervalStart, intervalEnd } = event;
  if (state === 'success') runs.succeededAt = Math.max(runs.succeededAt ?? event.changedAt, event.changedAt);
  if (isTriggered(event)) return;
  if (state === 'success' || state === 'failed') {
    noteInterval(runs.ledger, intervalStart, intervalEnd, state === 'success');
  }
  if (isScheduled(event) && intervalEnd >= (runs.lastScheduled?.end ?? intervalEnd) && state !== 'skipped') {
    runs.lastScheduled = { end: intervalEnd, succeeded: state === 'success' };
  }
}

export const BY_SCHEDULE = 'schedule';
/** Before the name of the window. */
export const BY_WINDOW = 'window:';

/** Whether the clock made it, or event time; runs of earlier versions do not say. */
export function isScheduled(event: RunChanged): boolean {
  const { trigger } = event;
  return (trigger === '' || trigger === BY_SCHEDULE || trigger.startsWith(BY_WINDOW)) && !isTriggered(event);
}

/** The newest end that this clock has passed; null when there is none. */
export function scheduledUntil({ ends }: Pick<JobRuns, 'ends'>, nowMs: number): number | null {
  let until: number | null = null;
  for (const end of ends) if (end <= nowMs && (until === null || end > until)) until = end;
  return until;
}

/** Whether the clock stands before a known scheduled run: it was ahead then. */
export function isClockBehind({ ends }: Pick<JobRuns, 'ends'>, nowMs: number): boolean {
  return ends.some((end) => end > nowMs);
}
