/** Dates and timestamps from text, as DuckDB's CAST reads them. */
import { daysInMonth, daysOf as daysOfDate } from './calendar.ts';
import { MS_PER_DAY } from './kinds.ts';

const DATE = String.raw`(-?\d{1,6})([-/\\ ])(\d{1,2})\2(\d{1,2})`;
const TIME = String.raw`(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?`;
const ZONE = String.raw`\s*(Z|UTC|[+-]\d{1,2}(?::?\d{2})?)`;
const DATE_TEXT = new RegExp(`^\\s*${DATE}(?:[T ]\\s*${TIME}(?:${ZONE})?)?\\s*$`, 'i');

/** Days since 1970-01-01; null for what is no date. */
export function daysOf(text: string): number | null {
  const match = DATE_TEXT.exec(text);
  return match === null ? null : dateOf(match);
}

/** Ms since the epoch, UTC, in whole microseconds; null for what is no timestamp. A text without a time is midnight. */
export function timestampOf(text: string): number | null {
  const match = DATE_TEXT.exec(text);
  if (match === null) return null;
  const days = dateOf(match);
  if (days === null) return null;
  const [hours, minutes, seconds] = [match[5], match[6], match[7]].map((part) => Number(part ?? 0));
  if (hours! > 23 || minutes! > 59 || seconds! > 59) return null;
  const micros = Number((match[8] ?? '').slice(0, 6).padEnd(6, '0'));
  const ms = days * MS_PER_DAY + ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 - zoneMs(match[9]);
  return micros % 1000 === 0 ? ms + micros / 1000 : (ms * 1000 + micros) / 1000;
}

function dateOf([, year = '', , month = '', day = '']: RegExpExecArray): number | null {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  return m >= 1 && m <= 12 && d >= 1 && d <= daysInMonth(y, m) ? daysOfDate(y, m, d) : null;
}

function zoneMs(zone: string | undefined): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
