/**
 * When a job is due: a cron expression in a named time zone, or every so many milliseconds. The only importer of
 * croner, which here is asked for instants and never keeps a timer or reads a clock.
 *
 * On the spring gap a local time that does not exist fires once, at the first instant after the gap. On the autumn
 * overlap a fixed local time fires once, at its first occurrence, and an expression with a wildcard or step in its
 * time fields fires for each real hour; such an expression skips what a gap swallows.
 */
import { Cron } from 'croner';
import { clockOf } from '../streams/local-days.ts';

export type ScheduleSpec =
  | { readonly cron: string /** IANA name; UTC by default. */; readonly timeZone?: string }
  /** Instants are multiples of this since the epoch, so that they don't depend on when the process started. */
  | { readonly everyMs: number };

/** Where windows that lie alike for all keys begin and end. */
export interface WindowTimes {
  readonly sizeMs: number;
  readonly everyMs: number;
  readonly offsetMs: number;
  /** Of whose days they are; null for UTC. */
  readonly timeZone: string | null;
}

/** Instants in epoch milliseconds, all whole seconds for cron. */
export interface Timetable {
  /** The first instant after `instantMs`; null when there is none. */
  next(instantMs: number): number | null;
  /** The last instant before `instantMs`; null when there is none. */
  previous(instantMs: number): number | null;
}

/** The shortest distance between two runs of an `every` schedule. */
const MIN_EVERY_MS = 100;

/** Throws when the expression, the zone or the period is not valid, naming what it was. */
export function timetable(spec: ScheduleSpec): Timetable {
  return 'cron' in spec ? cronTimetable(spec.cron, spec.timeZone ?? 'UTC') : everyTimetable(spec.everyMs);
}

/** The ends of windows, in event time. */
export function windowTimetable({ sizeMs, everyMs, offsetMs, timeZone }: WindowTimes): Timetable {
  const clock = clockOf(timeZone ?? undefined);
  const phase = (offsetMs + sizeMs) % everyMs;
  const atOrBefore = (readingMs: number): number => Math.floor((readingMs - phase) / everyMs) * everyMs + phase;
  return {
    next: (instantMs) => clock.instant(atOrBefore(clock.reading(instantMs)) + everyMs),
    previous(instantMs) {
      const end = atOrBefore(clock.reading(instantMs));
      return clock.instant(clock.instant(end) < instantMs ? end : end - everyMs);
    },
  };
}

/** Where the window with this end begins. */
export function windowStartOf({ sizeMs, timeZone }: WindowTimes, endMs: number): number {
  const clock = clockOf(timeZone ?? undefined);
  return clock.instant(clock.reading(endMs) - sizeMs);
}

function everyTimetable(everyMs: number): Timetable {
  if (!Number.isSafeInteger(everyMs) || everyMs < MIN_EVERY_MS) {
    throw new Error(`A schedule's "every" is a whole number of milliseconds from ${MIN_EVERY_MS}; it was ${everyMs}`);
  }
  return {
    next: (instantMs) => (Math.floor(instantMs / everyMs) + 1) * everyMs,
    previous: (instantMs) => (Math.ceil(instantMs / everyMs) - 1) * everyMs,
  };
}

function cronTimetable(expression: string, timeZone: string): Timetable {
  const where = `cron "${expression}" in ${timeZone}`;
  // croner reads "?" as the time at which the expression was parsed: the schedule would depend on the clock.
  if (expression.includes('?')) throw new Error(`The schedule ${where} holds a "?"; write "*" or a value`);
  const cron = parse(expression, timeZone, where);
  return {
    next: (instantMs) => cron.nextRun(new Date(instantMs))?.getTime() ?? null,
    previous: (instantMs) => cron.previousRuns(1, new Date(instantMs))[0]?.getTime() ?? null,
  };
}

function parse(expression: string, timeZone: string, where: string): Cron {
  try {
    const cron = new Cron(expression, { timezone: timeZone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' });
    if (cron.nextRun(new Date(0)) === null) throw new Error('it never fires');
    return cron;
  } catch (error) {
    throw new Error(`The schedule ${where} is not valid: ${error instanceof Error ? error.message : String(error)}`);
  }
}
