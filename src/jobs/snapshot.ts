/** The state of all jobs as a record, and back: a start has the state without reading the events before it. */
import type { JobSnapshot, OperationsSnapshot } from '../messages/operations-snapshot.ts';
import { noteInterval } from './ledger.ts';
import { isTerminal, type JobRuns, type JobsState, noJobs, type Run, runsOf, stepKey } from './runs.ts';
import { triggerSubject } from './triggers.ts';

type Saved = Pick<OperationsSnapshot, 'jobs' | 'backfills' | 'tables'>;

/** Of the outputs of steps of runs that are over, the newest runs first. A run without them can't be cleared from a step. */
const OUTPUT_CHARACTERS_MAX = 16 * 1024 * 1024;

export function savedJobs({ jobs, backfills, tables }: JobsState): Saved {
  let left = OUTPUT_CHARACTERS_MAX;
  const saved = [...jobs].map(([job, runs]): JobSnapshot => {
    const kept: Run[] = [];
    for (const run of [...runs.recent].reverse()) {
      for (const { output } of run.steps.values()) left -= output?.length ?? 0;
      if (left < 0) break;
      kept.unshift(run);
    }
    return savedJob(job, runs, [...kept, ...runs.open.values()]);
  });
  return {
    jobs: saved,
    backfills: [...backfills.values()].map(({ event, cursor }) => ({ event, cursor })),
    tables: [...tables.values()],
  };
}

function savedJob(job: string, runs: JobRuns, kept: readonly Run[]): JobSnapshot {
  const { ledger, lastScheduled } = runs;
  return {
    job,
    isPaused: runs.isPaused,
    ends: runs.ends,
    lastTriggeredAt: runs.lastTriggeredAt,
    succeededAt: runs.succeededAt,
    scheduledEnd: lastScheduled?.end ?? null,
    scheduledSucceeded: lastScheduled?.succeeded ?? false,
    runs: kept.map(({ event, queuedAt, startedAt, steps }) => {
      return { event, queuedAt, startedAt, steps: [...steps.values()] };
    }),
    intervals: [
      ...ledger.done.map(({ start, end }) => ({ start, end, succeeded: true })),
      ...[...ledger.failed].map(([start, end]) => ({ start, end, succeeded: false })),
    ],
    triggers: [...runs.triggers.values()],
  };
}

export function restoredJobs({ jobs, backfills, tables }: Saved): JobsState {
  const state = noJobs();
  for (const saved of jobs) {
    const runs = runsOf(state, saved.job);
    runs.isPaused = saved.isPaused;
    runs.ends = [...saved.ends];
    runs.lastTriggeredAt = saved.lastTriggeredAt;
    runs.succeededAt = saved.succeededAt;
    runs.lastScheduled =
      saved.scheduledEnd === null ? null : { end: saved.scheduledEnd, succeeded: saved.scheduledSucceeded };
    for (const { event, queuedAt, startedAt, steps } of saved.runs) {
      const byKey = new Map(steps.map((step) => [stepKey(step.step, step.item), step] as const));
      const run: Run = { event, queuedAt, startedAt, steps: byKey };
      if (isTerminal(event.state)) runs.recent.push(run);
      else runs.open.set(event.runId, run);
    }
    for (const { start, end, succeeded } of saved.intervals) noteInterval(runs.ledger, start, end, succeeded);
    for (const by of saved.triggers) runs.triggers.set(triggerSubject(by) ?? by, by);
  }
  for (const { event, cursor } of backfills) state.backfills.set(event.backfill, { event, cursor });
  for (const publication of tables) state.tables.set(publication.table, publication);
  return state;
}
