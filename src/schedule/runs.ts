/**
 * The state of all jobs' runs, as a fold over RunChanged. It holds the open runs and a few marks a job, so it does
 * not grow with history.
 *
 * A run that was open when the process ended is an orphan: nobody works on it any more, so recovery ends it as failed.
 */
import type { RunChanged } from '../messages/operations.ts';
import { isTriggered } from './interval.ts';

export interface JobRuns {
  /** The end of the newest interval that has a run, whatever became of it. */
  readonly scheduledUntil: number | null;
  readonly lastTriggeredAt: number | null;
  /** Runs without a terminal event, by run id. */
  readonly open: ReadonlyMap<string, RunChanged>;
  /** The newest terminal event. */
  readonly last: RunChanged | null;
}

export type Runs = ReadonlyMap<string, JobRuns>;

export const NO_RUNS: Runs = new Map();

const NO_JOB_RUNS: JobRuns = { scheduledUntil: null, lastTriggeredAt: null, open: new Map(), last: null };

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
    scheduledUntil: triggered ? before.scheduledUntil : latest(before.scheduledUntil, event.intervalEnd),
    lastTriggeredAt: triggered ? latest(before.lastTriggeredAt, event.intervalEnd) : before.lastTriggeredAt,
    open,
    last: terminal ? event : before.last,
  });
}

/** The terminal events of runs that were left open, oldest first. */
export function endOrphans(runs: Runs, nowMs: number): RunChanged[] {
  const orphans = [...runs.values()].flatMap((job) => [...job.open.values()]);
  orphans.sort((a, b) => a.intervalEnd - b.intervalEnd);
  return orphans.map((run) => ({
    ...run,
    state: 'failed',
    changedAt: nowMs,
    message: `Orphaned: the scheduler stopped while this run was ${run.state} (attempt ${run.attempt})`,
  }));
}

function latest(a: number | null, b: number): number {
  return a === null ? b : Math.max(a, b);
}
