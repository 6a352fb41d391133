/**
 * Data intervals: a run covers [start, end) and is due once `end` has passed. Intervals are the gaps between two
 * instants of a timetable, so they are contiguous and never overlap, whatever the clocks of a time zone do.
 *
 * A triggered run covers no interval: its start and end are both the instant of the trigger (Airflow's logical date).
 */
import type { Timetable } from './timetable.ts';

export interface DataInterval {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Which intervals run after downtime: the latest only, every missed one, oldest first, or none of them. */
export type Catchup = 'latest' | 'all' | 'none';

/** Where a job stands. */
export interface Progress {
  /** The end of the newest interval that has a run; null when the job never ran. */
  readonly scheduledUntil: number | null;
  /** With catchup `all` and no run yet: where the first interval starts at the earliest; null for the latest one. */
  readonly startAt: number | null;
  readonly catchup: Catchup;
  /** With catchup `all`, so many intervals at most, the newest. */
  readonly catchupMax?: number;
  /** With catchup `none`: only what ends later is due. */
  readonly since?: number;
}

/** The intervals that ended by `nowMs` and have no run, oldest first, at most `limit`. */
export function dueIntervals(timetable: Timetable, progress: Progress, nowMs: number, limit: number): DataInterval[] {
  const latest = latestInterval(timetable, nowMs);
  if (latest === null || limit < 1) return [];
  if (progress.catchup === 'none' && latest.end <= (progress.since ?? 0)) return [];
  const begun = progress.scheduledUntil ?? (progress.catchup === 'all' ? progress.startAt : null);
  const from = begun === null ? null : boundedFrom(timetable, begun, latest, progress);
  if (from === null) return [latest];
  if (latest.end <= from || (progress.scheduledUntil === null && latest.start < from)) return [];
  if (progress.catchup !== 'all') return [latest];

  const due: DataInterval[] = [];
  let interval = intervalAtOrAfter(timetable, from);
  while (interval !== null && interval.end <= nowMs && due.length < limit) {
    due.push(interval);
    interval = following(timetable, interval);
  }
  return due;
}

/** Where the newest `catchupMax` intervals begin, when more of them are missed. */
function boundedFrom(
  timetable: Timetable,
  from: number,
  latest: DataInterval,
  { catchup, catchupMax = Number.POSITIVE_INFINITY }: Progress,
): number {
  // Counting instants one by one is for the case that there may be too many.
  if (catchup !== 'all' || (latest.end - from) / (latest.end - latest.start) <= catchupMax / 2) return from;
  let start = latest.start;
  for (let kept = 1; kept < catchupMax && start > from; kept++) start = timetable.previous(start) ?? from;
  return Math.max(from, start);
}

/** When the next interval ends: the next instant at which something may become due. */
export function nextDue(timetable: Timetable, nowMs: number): number | null {
  return timetable.next(nowMs);
}

/** The interval that ended last. */
export function latestInterval(timetable: Timetable, nowMs: number): DataInterval | null {
  const end = timetable.previous(nowMs + 1);
  const start = end === null ? null : timetable.previous(end);
  return start === null || end === null ? null : { start, end };
}

/** The first interval whose start is not before `instantMs`. */
export function intervalAtOrAfter(timetable: Timetable, instantMs: number): DataInterval | null {
  const start = timetable.next(instantMs - 1);
  const end = start === null ? null : timetable.next(start);
  return start === null || end === null ? null : { start, end };
}

/** The interval with so many before it: what came late for these is processed once more. */
export function withLookback(timetable: Timetable, { start, end }: DataInterval, intervals: number): DataInterval {
  let from = start;
  for (let i = 0; i < intervals; i++) from = timetable.previous(from) ?? from;
  return { start: from, end };
}

function following(timetable: Timetable, interval: DataInterval): DataInterval | null {
  const end = timetable.next(interval.end);
  return end === null ? null : { start: interval.end, end };
}

/**
 * The instant of a run that is triggered now: later than the last trigger, and never an instant of the timetable, so
 * that its run id is no other run's.
 */
export function triggerInterval(
  timetable: Timetable | null,
  lastTriggerMs: number | null,
  nowMs: number,
): DataInterval {
  let at = Math.max(nowMs, (lastTriggerMs ?? -1) + 1);
  while (timetable?.previous(at + 1) === at) at++;
  return { start: at, end: at };
}

export function isTriggered(interval: { readonly intervalStart: number; readonly intervalEnd: number }): boolean {
  return interval.intervalStart === interval.intervalEnd;
}

export function runId(job: string, interval: DataInterval): string {
  return `${job}@${new Date(interval.end).toISOString()}`;
}
