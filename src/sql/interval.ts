/** Intervals: their text, their units, and what they do to times. */
import { dayOf, plusMonths, wholeMicros } from './calendar.ts';
import { MS_PER_DAY } from './kinds.ts';
import type { IntervalValue } from './value.ts';

/** What one of each unit is; in the singular. */
const UNITS: ReadonlyMap<string, IntervalValue> = new Map([
  ['microsecond', interval(0, 0, 0.001)],
  ['millisecond', interval(0, 0, 1)],
  ['second', interval(0, 0, 1000)],
  ['minute', interval(0, 0, 60_000)],
  ['hour', interval(0, 0, 3_600_000)],
  ['day', interval(0, 1, 0)],
  ['week', interval(0, 7, 0)],
  ['month', interval(1, 0, 0)],
  ['quarter', interval(3, 0, 0)],
  ['year', interval(12, 0, 0)],
  ['decade', interval(120, 0, 0)],
  ['century', interval(1200, 0, 0)],
  ['millennium', interval(12_000, 0, 0)],
]);

const SHORT: Readonly<Record<string, string>> = {
  us: 'microsecond',
  usec: 'microsecond',
  usecs: 'microsecond',
  ms: 'millisecond',
  msec: 'millisecond',
  msecs: 'millisecond',
  s: 'second',
  sec: 'second',
  secs: 'second',
  m: 'minute',
  min: 'minute',
  mins: 'minute',
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  d: 'day',
  w: 'week',
  mon: 'month',
  mons: 'month',
  y: 'year',
  yr: 'year',
  yrs: 'year',
  dec: 'decade',
  decs: 'decade',
  cent: 'century',
  centuries: 'century',
  millennia: 'millennium',
  mil: 'millennium',
  mils: 'millennium',
};

function interval(months: number, days: number, ms: number): IntervalValue {
  return { months, days, ms };
}

/** The unit's name in the singular and small letters; undefined when there is no such unit. */
export function unitNamed(word: string): string | undefined {
  const small = word.toLowerCase();
  if (UNITS.has(small)) return small;
  const short = SHORT[small];
  if (short !== undefined) return short;
  return small.endsWith('s') && UNITS.has(small.slice(0, -1)) ? small.slice(0, -1) : undefined;
}

/** So many of a unit; a fraction counts for seconds and less, and is cut off otherwise, as DuckDB does it. */
export function intervalOf(count: number, unit: string): IntervalValue | null {
  const one = UNITS.get(unit);
  if (one === undefined) return null;
  return times(one, unit === 'second' || unit === 'millisecond' ? count : Math.trunc(count));
}

function times({ months, days, ms }: IntervalValue, count: number): IntervalValue {
  return interval(months * count || 0, days * count || 0, wholeMicros(ms * count) || 0);
}

const PART = /\s*(?:([+-]?)(\d+):(\d+)(?::(\d+(?:\.\d+)?))?|([+-]?\d*\.?\d+)\s*([a-z]+)?)/iy;

/** Of texts such as '1 day 2 hours', '01:30:00' and '3 months ago'; null for what is none. A bare number is seconds. */
export function parseInterval(text: string): IntervalValue | null {
  const isAgo = /\sago\s*$/i.test(text);
  const body = text.replace(/\sago\s*$/i, '').trimEnd();
  if (body === '') return null;
  let sum = interval(0, 0, 0);
  PART.lastIndex = 0;
  for (let from = 0; from < body.length; from = PART.lastIndex) {
    const match = PART.exec(body);
    const part = match === null ? null : partOf(match);
    if (part === null) return null;
    sum = addIntervals(sum, part);
  }
  return isAgo ? negated(sum) : sum;
}

function partOf([, sign, hours, minutes, seconds, count, word]: RegExpExecArray): IntervalValue | null {
  if (hours !== undefined) {
    const ms = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds ?? 0) * 1000;
    return interval(0, 0, sign === '-' ? -ms : ms);
  }
  const unit = word === undefined ? 'second' : unitNamed(word);
  const one = UNITS.get(unit ?? '');
  if (one === undefined) return null;
  const number = Number(count);
  const whole = Math.trunc(number);
  const rest = number - whole;
  const parts = times(one, whole);
  if (rest === 0) return parts;
  // A part of a month is of 30 days, a part of a day of 24 hours.
  if (one.months > 0) {
    const days = one.months * rest * 30;
    const months = one.months > 1 ? Math.trunc(one.months * rest) : 0;
    return addIntervals(parts, interval(months, Math.trunc(days - months * 30), 0));
  }
  if (one.days > 0) {
    const days = one.days * rest;
    return addIntervals(parts, interval(0, Math.trunc(days), wholeMicros((days % 1) * MS_PER_DAY)));
  }
  return addIntervals(parts, interval(0, 0, wholeMicros(one.ms * rest)));
}

export function addIntervals(a: IntervalValue, b: IntervalValue): IntervalValue {
  return interval(a.months + b.months, a.days + b.days, wholeMicros(a.ms + b.ms));
}

export function negated({ months, days, ms }: IntervalValue): IntervalValue {
  return interval(0 - months, 0 - days, 0 - ms);
}

/** An interval so many times. What a fraction leaves of months goes to days of 30, and of days to hours. */
export function scaled(of: IntervalValue, factor: number): IntervalValue {
  const months = of.months * factor;
  const days = of.days * factor + (months % 1) * 30;
  const ms = of.ms * factor + (days % 1) * MS_PER_DAY;
  return interval(Math.trunc(months) || 0, Math.trunc(days) || 0, wholeMicros(ms) || 0);
}

/** Months first, with the last day of a month where it is shorter; then days; then the rest. */
export function addToTimestamp(timeMs: number, { months, days, ms }: IntervalValue): number {
  const day = dayOf(timeMs);
  const clock = timeMs - day * MS_PER_DAY;
  return wholeMicros(((months === 0 ? day : plusMonths(day, months)) + days) * MS_PER_DAY + clock + ms);
}

/** The time between two timestamps, in days and the rest of a day. */
export function between(laterMs: number, earlierMs: number): IntervalValue {
  const ms = wholeMicros(laterMs - earlierMs);
  const days = Math.trunc(ms / MS_PER_DAY);
  return interval(0, days || 0, wholeMicros(ms - days * MS_PER_DAY) || 0);
}
