/** Times cut to units, the units between two times, and times moved by intervals. */
import { civilOf, dayOf, daysInMonth, daysOf, microsOf, plusMonths } from './calendar.ts';
import { clockOf, isoWeekOf, mondayOf } from './date-parts.ts';
import { MS_PER_DAY } from './kinds.ts';
import { type IntervalValue, SqlError } from './value.ts';

/** ms of the units that are as long at all times. */
const FIXED_MS: Readonly<Record<string, number>> = {
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  epoch: 1000,
  millisecond: 1,
  microsecond: 0.001,
};

/** Months of the units that are made of them. */
const MONTHS: Readonly<Record<string, number>> = {
  month: 1,
  quarter: 3,
  year: 12,
  decade: 120,
  century: 1200,
  millennium: 12_000,
};

/** Units that count as another where times are cut or subtracted. */
const SAME: Readonly<Record<string, string>> = {
  dayofweek: 'day',
  isodow: 'day',
  dayofyear: 'day',
  julian: 'day',
  yearweek: 'week',
};

/** The beginning of the unit that the instant is in. */
export function truncated(unit: string, ms: number): number {
  const own = SAME[unit] ?? unit;
  if (own === 'microsecond') return ms;
  const fixed = FIXED_MS[own];
  if (fixed !== undefined) return Math.floor(ms / fixed) * fixed;
  if (own === 'day') return dayOf(ms) * MS_PER_DAY;
  if (own === 'week') return mondayOf(dayOf(ms)) * MS_PER_DAY;
  if (own === 'isoyear') return mondayOf(daysOf(isoWeekOf(ms).year, 1, 4)) * MS_PER_DAY;
  const { year, month } = civilOf(dayOf(ms));
  if (own === 'month') return daysOf(year, month, 1) * MS_PER_DAY;
  if (own === 'quarter') return daysOf(year, month - ((month - 1) % 3), 1) * MS_PER_DAY;
  const years = (MONTHS[own] ?? noUnit(unit)) / 12;
  return daysOf(Math.trunc(year / years) * years, 1, 1) * MS_PER_DAY;
}

/** Without what is smaller than the unit. */
export function truncatedInterval(unit: string, { months, days, ms }: IntervalValue): IntervalValue {
  const own = SAME[unit] ?? unit;
  const unitMonths = own === 'isoyear' ? 12 : MONTHS[own];
  if (unitMonths !== undefined) return { months: months - (months % unitMonths) + 0, days: 0, ms: 0 };
  if (own === 'week') return { months, days: days - (days % 7) + 0, ms: 0 };
  if (own === 'day') return { months, days, ms: 0 };
  if (own === 'microsecond') return { months, days, ms };
  return { months, days, ms: Math.trunc(ms / (FIXED_MS[own] ?? noUnit(unit))) * (FIXED_MS[own] ?? 1) + 0 };
}

function noUnit(unit: string): never {
  throw new SqlError(`A time has no ${unit} to be cut to, or to be counted in`);
}

/** How many beginnings of the unit lie between, negative where the second is earlier. */
export function boundariesBetween(unit: string, fromMs: number, toMs: number): number {
  // Weeks are seven days of the calendar, as DuckDB counts them.
  if (unit === 'week' || unit === 'yearweek') return Math.trunc((dayOf(toMs) - dayOf(fromMs)) / 7);
  return ordinal(unit, toMs) - ordinal(unit, fromMs);
}

/** The number of the unit that an instant is in. */
function ordinal(unit: string, ms: number): number {
  const own = SAME[unit] ?? unit;
  if (own === 'microsecond') return microsOf(ms);
  const fixed = FIXED_MS[own];
  if (fixed !== undefined) return Math.floor(ms / fixed);
  if (own === 'day') return dayOf(ms);
  if (own === 'isoyear') return isoWeekOf(ms).year;
  const { year, month } = civilOf(dayOf(ms));
  if (own === 'month') return year * 12 + month - 1;
  if (own === 'quarter') return Math.trunc((year * 12 + month - 1) / 3);
  return Math.trunc(year / ((MONTHS[own] ?? noUnit(unit)) / 12));
}

/** How many whole units lie between, negative where the second is earlier. */
export function wholeBetween(unit: string, fromMs: number, toMs: number): number {
  const own = SAME[unit] ?? unit;
  const micros = microsOf(toMs) - microsOf(fromMs);
  if (own === 'microsecond') return micros;
  const fixed = own === 'day' ? MS_PER_DAY : own === 'week' ? 7 * MS_PER_DAY : FIXED_MS[own];
  if (fixed !== undefined) return Math.trunc(micros / (fixed * 1000));
  const months = own === 'isoyear' ? 12 : (MONTHS[own] ?? noUnit(unit));
  return Math.trunc(monthsBetween(fromMs, toMs) / months);
}

/** Source: DuckDB's subtraction of months: the last day of a shorter month ends a month that began on a later day. */
function monthsBetween(fromMs: number, toMs: number): number {
  if (fromMs > toMs) return -monthsBetween(toMs, fromMs);
  const [from, to] = [civilOf(dayOf(fromMs)), civilOf(dayOf(toMs))];
  const lastDay = daysInMonth(to.year, to.month);
  const day = to.day === lastDay && from.day > lastDay ? lastDay : from.day;
  const isShort = to.day < day || (to.day === day && clockOf(toMs) < clockOf(fromMs));
  return (to.year - from.year) * 12 + to.month - from.month - Number(isShort);
}

/** Of a day the time of an interval is cut to whole days. */
export function dayPlusInterval(day: number, { months, days, ms }: IntervalValue): number {
  return plusMonths(day, months) + days + Math.trunc(ms / MS_PER_DAY);
}

/** A Monday, for widths of days and less; DuckDB's origins. */
const ORIGIN_MS = Date.UTC(2000, 0, 3);
const MONTH_ORIGIN_MS = Date.UTC(2000, 0, 1);

/** The beginning of the bucket of a width that an instant is in. Buckets begin at the origin, and before and after it. */
export function bucketOf({ months, days, ms }: IntervalValue, timeMs: number, originMs: number | null): number {
  if (months !== 0 && (days !== 0 || ms !== 0)) {
    throw new SqlError('A bucket is as wide as months, or as days and time, not both');
  }
  if (months > 0) {
    const origin = monthNumber(originMs ?? MONTH_ORIGIN_MS);
    const month = origin + Math.floor((monthNumber(timeMs) - origin) / months) * months;
    return daysOf(Math.floor(month / 12), month - Math.floor(month / 12) * 12 + 1, 1) * MS_PER_DAY;
  }
  const width = days * MS_PER_DAY + ms;
  if (width <= 0) throw new SqlError('A bucket is wider than nothing');
  const origin = originMs ?? ORIGIN_MS;
  const widthMicros = microsOf(width);
  const buckets = Math.floor((microsOf(timeMs) - microsOf(origin)) / widthMicros);
  return (microsOf(origin) + buckets * widthMicros) / 1000;
}

function monthNumber(ms: number): number {
  const { year, month } = civilOf(dayOf(ms));
  return year * 12 + month - 1;
}
