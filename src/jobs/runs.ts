/**
 * The state of all jobs' runs, as a fold over RunChanged. It holds the open runs and a few marks a job, so it does
 * not grow with history.
 *
 * A run that was open when the process ended is an orphan: nobody works on it any more. Recovery queues it again, or
 * ends it as failed when its attempts are spent.
 */
import type { RunChanged } from '../messages/operations.ts';
import { isTriggered } from './interval.ts';

export interface JobRuns {
  /** The ends of the last intervals with a run, whatever became of it, in the order of the runs. */
  readonly ends: readonly number[];
  readonly lastTriggeredAt: number | null;
  /** Runs without a terminal event, by run id. */
  readonly open: ReadonlyMap<string, RunChanged>;
  /** The newest terminal event. */
  readonly last: RunChanged | null;
}

export type Runs = ReadonlyMap<string, JobRuns>;

export const NO_RUNS: Runs = new Map();

const NO_JOB_RUNS: JobRuns = { ends: [], lastTriggeredAt: null, open: new Map(), last: null };

export function jobRuns(runs: Runs, job: string): JobRuns {
  return runs.get(job) ?? NO_JOB_RUNS;
}

export function isTerminal(state: RunChanged['state']): boolean {
  return state === 'success' || state === 'failed' || state === 'skipped' || state === 'cancelled';
}

/** The state after one more event. */
export function applyRunChanged(runs: Runs, event: RunChanged): Runs {
  const before = jobRuns(runs, event.job);
  const open = new Map(before.open);
  const terminal = isTerminal(event.state);
  if (terminal) open.delete(event.runId);
  else open.set(event.runId, event);
  const triggered = isTriggered(event);
  return new Map(runs).set(event.job, {
    ends: triggered ? before.ends : withEnd(before.ends, event.intervalEnd),
    lastTriggeredAt: triggered ? latest(before.lastTriggeredAt, event.intervalEnd) : before.lastTriggeredAt,
    open,
    last: terminal ? event : before.last,
  });
}

/**
 * Events that settle the runs that were left open, oldest first. The attempt under way counts as one. `retriesOf` is null
 * for a job that no longer exists. A run that only waits to start needs no event.
 */
export function adoptOrphans(runs: Runs, retriesOf: (job: string) => number | null, nowMs: number): RunChanged[] {
  const orphans = [...runs.values()].flatMap((job) => [...job.open.values()]);
  orphans.sort((a, b) => a.intervalEnd - b.intervalEnd);
  return orphans.flatMap((run): RunChanged[] => {
    const retries = retriesOf(run.job);
    const orphaned = `Orphaned: the process ended while this run was ${run.state} (attempt ${run.attempt})`;
    const changed = { ...run, changedAt: nowMs };
    if (retries === null) return [{ ...changed, state: 'failed', message: `${orphaned}; its job is no more` }];
    if (run.state === 'queued') return [];
    if (run.attempt > retries) return [{ ...changed, state: 'failed', message: `${orphaned}, its last` }];
    return [{ ...changed, state: 'queued', message: `${orphaned}; it is tried again` }];
  });
}

/** Enough that a clock which ran ahead for a while leaves some ends of the right time. */
const ENDS_KEPT = 512;

function withEnd(ends: readonly number[], end: number): readonly number[] {
  return ends.includes(end) ? ends : [...ends, end].slice(-ENDS_KEPT);
}

/** The newest end that this clock has passed; null when there is none. */
export function scheduledUntil({ ends }: JobRuns, nowMs: number): number | null {
  return ends.reduce<number | null>((until, end) => (end <= nowMs ? latest(until, end) : until), null);
}

/** Whether the clock stands before a known scheduled run: it was ahead then. */
export function isClockBehind({ ends }: JobRuns, nowMs: number): boolean {
  return ends.some((end) => end > nowMs);
}

function latest(a: number | null, b: number): number {
  return a === null ? b : Math.max(a, b);
}
