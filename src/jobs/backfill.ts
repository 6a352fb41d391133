/** Runs for intervals of the past: in order, a bounded number at once, and each once, whatever interrupts them. */
import type { RunChanged } from '../messages/operations.ts';
import { type DataInterval, intervalAtOrAfter } from './interval.ts';
import { standingOf } from './ledger.ts';
import { queuedRun } from './queued-run.ts';
import type { Backfill, JobEvent, JobRuns } from './runs.ts';
import type { Timetable } from './timetable.ts';

/** Slots of a pool that backfills may have at once: live runs keep the other half. */
export function backfillSlots(slots: number): number {
  return Math.max(1, Math.floor(slots / 2));
}

/** The same of a job: over the pools that its steps take their slots from. */
export function backfillSlotsOf(
  { steps }: { readonly steps: readonly { readonly pool: string }[] },
  pools: Readonly<Record<string, number>>,
): number {
  let slots = 0;
  for (const pool of new Set(steps.map((step) => step.pool))) slots += backfillSlots(pools[pool] ?? 1);
  return slots;
}

type Reprocess = Backfill['event']['reprocess'];

/** The next intervals get runs, and a backfill without any left is over. */
export function backfillRuns(
  backfill: Backfill,
  job: { readonly name: string; readonly timetable: Timetable | null },
  runs: JobRuns,
  nowMs: number,
  emit: (event: JobEvent) => void,
): void {
  const { event } = backfill;
  let active = [...runs.open.values()].filter((run) => run.event.backfill === event.backfill).length;
  while (active < event.parallel) {
    const interval =
      job.timetable === null ? null : nextInterval(job.timetable, runs, event.reprocess, backfill.cursor, event.to);
    if (interval === null) break;
    emit({ kind: 'run', event: runOf(job.name, interval, event.backfill, nowMs) });
    active++;
  }
  if (active === 0) emit({ kind: 'backfill', event: { ...event, state: 'completed', changedAt: nowMs } });
}

/** The intervals of a backfill that would get runs, oldest first, `max` at most. */
export function backfillIntervals(
  timetable: Timetable,
  runs: JobRuns,
  { from, to, reprocess }: { readonly from: number; readonly to: number; readonly reprocess: Reprocess },
  max: number,
): DataInterval[] {
  const found: DataInterval[] = [];
  for (let cursor = from; found.length < max; ) {
    const interval = nextInterval(timetable, runs, reprocess, cursor, to);
    if (interval === null) break;
    found.push(interval);
    cursor = interval.end;
  }
  return found;
}

/** The first that begins at or after the cursor, ends by `to`, and is to be processed. */
function nextInterval(
  timetable: Timetable,
  runs: JobRuns,
  reprocess: Reprocess,
  cursor: number,
  to: number,
): DataInterval | null {
  const underWay = new Set([...runs.open.values()].map((run) => run.event.intervalStart));
  for (let from = cursor; ; ) {
    const interval = intervalAtOrAfter(timetable, from);
    if (interval === null || interval.end > to) return null;
    const standing = standingOf(runs.ledger, interval.start, interval.end);
    const isWanted =
      standing === 'none' || reprocess === 'completed' || (standing === 'failed' && reprocess === 'failed');
    if (isWanted && !underWay.has(interval.start)) return interval;
    from = interval.end;
  }
}

function runOf(job: string, interval: DataInterval, backfill: string, nowMs: number): RunChanged {
  const run = queuedRun(job, interval, 'backfill', nowMs);
  return { ...run, runId: `${run.runId}~${backfill}`, backfill };
}
