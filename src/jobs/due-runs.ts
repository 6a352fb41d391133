/**
 * The runs of a job that its clock has made due, and whether they begin, wait or are skipped while other runs of the
 * job are at work.
 */
import type { RunChanged } from '../messages/operations.ts';
import { cancelled } from './early-end.ts';
import { dueIntervals } from './interval.ts';
import type { Job, Trigger } from './job.ts';
import { queuedRun } from './queued-run.ts';
import { BY_SCHEDULE, BY_WINDOW, isScheduled, type JobEvent, type JobRuns, type Run, scheduledUntil } from './runs.ts';
import { type Timetable, windowStartOf } from './timetable.ts';

/** Runs that a job makes at one moment at most: the rest follows at the next. */
const DUE_AT_ONCE = 100;
/** Runs that wait for others of their job, with `overlap: queue`. */
const QUEUED_MAX = 16;

/**
 * Makes the runs that are due; false when some wait for others to end. `time` is what the job goes by, the clock's or that of
 * events, and `since` where that stood when the service started.
 */
export function planDue(
  job: Job,
  times: Timetable,
  runs: JobRuns,
  { time, since, nowMs }: { readonly time: number; readonly since: number; readonly nowMs: number },
  emit: (event: JobEvent) => void,
): boolean {
  const { catchup, catchupMax, startAtMs, trigger } = job;
  for (let made = 0; made < DUE_AT_ONCE; made++) {
    const progress = { scheduledUntil: scheduledUntil(runs, time), startAt: startAtMs, catchup, catchupMax, since };
    const [interval] = dueIntervals(times, progress, time, 1);
    if (interval === undefined) return true;
    const event =
      trigger?.kind === 'window'
        ? windowRun(job.name, trigger, interval.end, nowMs)
        : queuedRun(job.name, interval, BY_SCHEDULE, nowMs);
    const others = [...runs.open.values()].filter((run) => run.event.backfill === null);
    if (others.length < job.maxActiveRuns) {
      emit({ kind: 'run', event });
      continue;
    }
    if (!overlap(job, event, others, nowMs, emit)) return false;
  }
  return false;
}

function windowRun(job: string, { window, times }: Extract<Trigger, { kind: 'window' }>, end: number, nowMs: number) {
  return queuedRun(job, { start: windowStartOf(times, end), end }, `${BY_WINDOW}${window}`, nowMs);
}

/** What becomes of a run that is due while as many as may run at once do; false when it waits as arithmetic. */
function overlap(
  job: Job,
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
