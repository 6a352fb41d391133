/** Days and their dates, in the Gregorian calendar at all times, as in DuckDB. */
import { MS_PER_DAY } from './kinds.ts';

export interface CivilDate {
  /** 0 is 1 BC. */
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
export function civilOf(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + Number(month <= 2),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** The same source, days_from_civil. The day may be outside its month. */
export function daysOf(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTH_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** 0 is Sunday. */
export function weekdayOf(days: number): number {
  return modulo(days + 4, 7);
}

/** The day of an instant. */
export function dayOf(ms: number): number {
  return Math.floor(ms / MS_PER_DAY);
}

/** The rest of a division that is never negative. */
export function modulo(value: number, by: number): number {
  const rest = value % by;
  return rest < 0 ? rest + by : rest;
}

/** The same day of another month, or that month's last. */
export function plusMonths(days: number, months: number): number {
  const { year, month, day } = civilOf(days);
  const total = year * 12 + month - 1 + months;
  const [newYear, newMonth] = [Math.floor(total / 12), modulo(total, 12) + 1];
  return daysOf(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)));
}

/** Whole microseconds since the epoch: a double holds them exactly for 285 years around it, and their ms far longer. */
export function microsOf(ms: number): number {
  const whole = Math.floor(ms);
  return whole * 1000 + Math.round((ms - whole) * 1000);
}

/** Milliseconds whose fraction is of whole microseconds. */
export function wholeMicros(ms: number): number {
  return Number.isInteger(ms) ? ms : microsOf(ms) / 1000;
}
