/** Parts of times, such as the year or the ISO week, by DuckDB's names. */
import { civilOf, dayOf, daysOf, microsOf, modulo, weekdayOf } from './calendar.ts';
import { MS_PER_DAY } from './kinds.ts';
import { type IntervalValue, SqlError } from './value.ts';

export interface DatePart {
  readonly name: string;
  /** Other words for it in date_part, date_trunc and date_diff. */
  readonly words: readonly string[];
  /** Of an instant, epoch ms. */
  readonly of: (ms: number) => number;
  /** None: an interval has no such part. */
  readonly ofInterval?: (interval: IntervalValue) => number;
}

export const DATE_PARTS: readonly DatePart[] = [
  part('year', ['years', 'y', 'yr', 'yrs'], yearOf, ({ months }) => Math.trunc(months / 12)),
  part(
    'month',
    ['months', 'mon', 'mons'],
    (ms) => civilOf(dayOf(ms)).month,
    ({ months }) => months % 12,
  ),
  part(
    'day',
    ['days', 'd', 'dayofmonth'],
    (ms) => civilOf(dayOf(ms)).day,
    ({ days }) => days,
  ),
  part(
    'hour',
    ['hours', 'h', 'hr', 'hrs'],
    (ms) => Math.floor(clockOf(ms) / 3_600_000),
    ({ ms }) => Math.trunc(ms / 3_600_000),
  ),
  part(
    'minute',
    ['minutes', 'm', 'min', 'mins'],
    (ms) => Math.floor(clockOf(ms) / 60_000) % 60,
    ({ ms }) => Math.trunc(ms / 60_000) % 60,
  ),
  part(
    'second',
    ['seconds', 's', 'sec', 'secs'],
    (ms) => Math.floor(clockOf(ms) / 1000) % 60,
    ({ ms }) => Math.trunc(ms / 1000) % 60,
  ),
  part(
    'millisecond',
    ['milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds'],
    (ms) => Math.floor(clockOf(ms) % 60_000),
    ({ ms }) => Math.trunc(ms % 60_000),
  ),
  part(
    'microsecond',
    ['microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds'],
    (ms) => Math.round((clockOf(ms) % 60_000) * 1000),
    ({ ms }) => Math.round((ms % 60_000) * 1000),
  ),
  part(
    'quarter',
    ['quarters'],
    (ms) => Math.ceil(civilOf(dayOf(ms)).month / 3),
    ({ months }) => Math.trunc((months % 12) / 3) + 1,
  ),
  part(
    'decade',
    ['decades', 'dec', 'decs'],
    (ms) => Math.trunc(yearOf(ms) / 10),
    ({ months }) => Math.trunc(months / 120),
  ),
  part(
    'century',
    ['centuries', 'cent', 'c'],
    (ms) => eraOfYears(yearOf(ms), 100),
    ({ months }) => Math.trunc(months / 1200),
  ),
  part(
    'millennium',
    ['millennia', 'millenium', 'mil', 'mils'],
    (ms) => eraOfYears(yearOf(ms), 1000),
    ({ months }) => Math.trunc(months / 12_000),
  ),
  part('dayofweek', ['dow', 'weekday'], (ms) => weekdayOf(dayOf(ms))),
  part('isodow', [], (ms) => modulo(weekdayOf(dayOf(ms)) + 6, 7) + 1),
  part('dayofyear', ['doy'], (ms) => dayOf(ms) - daysOf(yearOf(ms), 1, 1) + 1),
  part('week', ['weeks', 'w', 'weekofyear'], (ms) => isoWeekOf(ms).week),
  part('isoyear', [], (ms) => isoWeekOf(ms).year),
  part('yearweek', [], (ms) => {
    const { year, week } = isoWeekOf(ms);
    return year * 100 + (year > 0 ? week : -week);
  }),
  part('era', [], (ms) => Number(yearOf(ms) > 0)),
  part('epoch', [], (ms) => microsOf(ms) / 1e6, epochSecondsOf),
  part('julian', [], (ms) => dayOf(ms) + 2_440_588 + microsOf(clockOf(ms)) / (MS_PER_DAY * 1000)),
];

const BY_WORD = new Map(DATE_PARTS.flatMap((each) => [each.name, ...each.words].map((word) => [word, each] as const)));

/** Throws a SqlError with the words that there are. */
export function datePartNamed(word: string): DatePart {
  const found = BY_WORD.get(word.toLowerCase());
  if (found !== undefined) return found;
  const known = DATE_PARTS.map(({ name }) => name).join(', ');
  throw new SqlError(`there is no part ${JSON.stringify(word)} of a time; known: ${known}`);
}

function part(
  name: string,
  words: readonly string[],
  of: DatePart['of'],
  ofInterval?: (interval: IntervalValue) => number,
): DatePart {
  return { name, words, of, ...(ofInterval === undefined ? {} : { ofInterval }) };
}

export function yearOf(ms: number): number {
  return civilOf(dayOf(ms)).year;
}

/** Of the day, from 0. */
export function clockOf(ms: number): number {
  return modulo(ms, MS_PER_DAY);
}

/** The first is of the years from 1, and the one before it of those up to 0. */
function eraOfYears(year: number, length: number): number {
  return year > 0 ? Math.floor((year - 1) / length) + 1 : -(Math.floor(-year / length) + 1);
}

/** Of the day of a week's Monday. */
export function mondayOf(days: number): number {
  return days - modulo(weekdayOf(days) + 6, 7);
}

/** Source: ISO 8601; a week is of the year that has its Thursday. */
export function isoWeekOf(ms: number): { readonly year: number; readonly week: number } {
  const thursday = mondayOf(dayOf(ms)) + 3;
  const { year } = civilOf(thursday);
  return { year, week: Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1 };
}

/** A year has 365.25 days, what months it leaves have 30 days. */
function epochSecondsOf({ months, days, ms }: IntervalValue): number {
  const years = Math.trunc(months / 12);
  return years * 365.25 * 86_400 + (months % 12) * 30 * 86_400 + days * 86_400 + ms / 1000;
}
