/** Times as texts by a format's letters, and back: strftime and strptime. */
import { civilOf, dayOf, daysInMonth, daysOf, microsOf, modulo, weekdayOf } from './calendar.ts';
import { clockOf, isoWeekOf, yearOf } from './date-parts.ts';
import { MS_PER_DAY } from './kinds.ts';
import { SqlError } from './value.ts';

export const DAY_NAMES: readonly string[] = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
export const MONTH_NAMES: readonly string[] =
  'January February March April May June July August September October November December'.split(' ');

/** A text that stands for itself, or a letter such as `Y` or `-d`. */
type Part = { readonly text: string } | { readonly letter: string };

/** Throws a SqlError for a letter that there is not. */
function partsOf(format: string, letters: ReadonlySet<string>): Part[] {
  const parts: Part[] = [];
  const whole = format.replaceAll('%c', '%Y-%m-%d %H:%M:%S').replaceAll('%x', '%Y-%m-%d').replaceAll('%X', '%H:%M:%S');
  for (const [all, letter] of whole.matchAll(/%(-?.|-?$)|[^%]+/gsu)) {
    if (letter === undefined) parts.push({ text: all });
    else if (letter === '%') parts.push({ text: '%' });
    else if (letters.has(letter)) parts.push({ letter });
    else
      throw new SqlError(
        `the format ${JSON.stringify(format)} has ${all}; known: ${[...letters].map((each) => `%${each}`).join(' ')} %c %x %X %%`,
      );
  }
  return parts;
}

type Write = (ms: number) => string;

const WRITERS: ReadonlyMap<string, Write> = new Map<string, Write>([
  ['a', (ms) => (DAY_NAMES[weekdayOf(dayOf(ms))] ?? '').slice(0, 3)],
  ['A', (ms) => DAY_NAMES[weekdayOf(dayOf(ms))] ?? ''],
  ['w', (ms) => String(weekdayOf(dayOf(ms)))],
  ['u', (ms) => String(modulo(weekdayOf(dayOf(ms)) + 6, 7) + 1)],
  ['b', (ms) => monthName(ms).slice(0, 3)],
  ['h', (ms) => monthName(ms).slice(0, 3)],
  ['B', monthName],
  ['Y', (ms) => yearText(yearOf(ms))],
  ['G', (ms) => yearText(isoWeekOf(ms).year)],
  ['p', (ms) => (hourOf(ms) < 12 ? 'AM' : 'PM')],
  ['f', (ms) => padded(microsOf(ms) - Math.floor(ms / 1000) * 1e6, 6)],
  ['g', (ms) => padded(Math.floor(modulo(ms, 1000)), 3)],
  ['n', (ms) => `${padded(microsOf(ms) - Math.floor(ms / 1000) * 1e6, 6)}000`],
  ['z', () => '+00'],
  ['Z', () => ''],
  ...numbers('d', 2, (ms) => civilOf(dayOf(ms)).day),
  ...numbers('m', 2, (ms) => civilOf(dayOf(ms)).month),
  ...numbers('y', 2, (ms) => Math.abs(yearOf(ms)) % 100),
  ...numbers('H', 2, hourOf),
  ...numbers('I', 2, (ms) => modulo(hourOf(ms) + 11, 12) + 1),
  ...numbers('M', 2, (ms) => Math.floor(clockOf(ms) / 60_000) % 60),
  ...numbers('S', 2, (ms) => Math.floor(clockOf(ms) / 1000) % 60),
  ...numbers('j', 3, dayOfYear),
  ['U', (ms) => padded(Math.floor((dayOfYear(ms) + 6 - weekdayOf(dayOf(ms))) / 7), 2)],
  ['W', (ms) => padded(Math.floor((dayOfYear(ms) + 6 - modulo(weekdayOf(dayOf(ms)) + 6, 7)) / 7), 2)],
  ['V', (ms) => padded(isoWeekOf(ms).week, 2)],
]);
const WRITTEN = new Set(WRITERS.keys());

/** Throws a SqlError for a letter that there is not. */
export function formatter(format: string): (ms: number) => string {
  const writers = partsOf(format, WRITTEN).map((part) =>
    'text' in part ? () => part.text : (WRITERS.get(part.letter) ?? (() => '')),
  );
  return (ms) => writers.map((write) => write(ms)).join('');
}

/** With zeros in front, and with a minus before the letter without. */
function numbers(letter: string, width: number, of: (ms: number) => number): [string, Write][] {
  return [
    [letter, (ms) => padded(of(ms), width)],
    [`-${letter}`, (ms) => String(of(ms))],
  ];
}

function monthName(ms: number): string {
  return MONTH_NAMES[civilOf(dayOf(ms)).month - 1] ?? '';
}

function hourOf(ms: number): number {
  return Math.floor(clockOf(ms) / 3_600_000);
}

function dayOfYear(ms: number): number {
  return dayOf(ms) - daysOf(yearOf(ms), 1, 1) + 1;
}

function yearText(year: number): string {
  return year < 0 || year > 9999 ? String(year) : padded(year, 4);
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** What was read so far. */
interface Read {
  year: number;
  month: number;
  day: number;
  dayOfYear: number | null;
  hour: number;
  isTwelve: boolean;
  isAfternoon: boolean;
  minute: number;
  second: number;
  micros: number;
  offsetSeconds: number;
}

interface Reader {
  readonly pattern: string;
  /** Whether the text is one. */
  readonly take: (read: Read, text: string) => boolean;
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['Y', digits(4, (read, value) => assign(read, 'year', value, 0, 9999))],
  ['y', digits(2, (read, value) => assign(read, 'year', value < 69 ? 2000 + value : 1900 + value, 1969, 2068))],
  ...bothWays(
    'm',
    digits(2, (read, value) => assign(read, 'month', value, 1, 12)),
  ),
  ...bothWays(
    'd',
    digits(2, (read, value) => assign(read, 'day', value, 1, 31)),
  ),
  ...bothWays(
    'j',
    digits(3, (read, value) => assign(read, 'dayOfYear', value, 1, 366)),
  ),
  ...bothWays(
    'H',
    digits(2, (read, value) => assign(read, 'hour', value, 0, 23)),
  ),
  ...bothWays(
    'I',
    digits(2, (read, value) => assign(read, 'hour', value, 1, 12) && set(read, 'isTwelve')),
  ),
  ...bothWays(
    'M',
    digits(2, (read, value) => assign(read, 'minute', value, 0, 59)),
  ),
  ...bothWays(
    'S',
    digits(2, (read, value) => assign(read, 'second', value, 0, 59)),
  ),
  ['f', { pattern: '\\d{1,6}', take: (read, text) => assign(read, 'micros', Number(text.padEnd(6, '0')), 0, 999_999) }],
  [
    'g',
    {
      pattern: '\\d{1,3}',
      take: (read, text) => assign(read, 'micros', Number(text.padEnd(3, '0')) * 1000, 0, 999_999),
    },
  ],
  [
    'n',
    {
      pattern: '\\d{1,9}',
      take: (read, text) => assign(read, 'micros', Math.floor(Number(text.padEnd(9, '0')) / 1000), 0, 999_999),
    },
  ],
  ['p', { pattern: '[AaPp][Mm]', take: (read, text) => !/^p/i.test(text) || set(read, 'isAfternoon') }],
  ['b', { pattern: names(MONTH_NAMES.map((name) => name.slice(0, 3))), take: (read, text) => takeMonth(read, text) }],
  ['h', { pattern: names(MONTH_NAMES.map((name) => name.slice(0, 3))), take: (read, text) => takeMonth(read, text) }],
  ['B', { pattern: names(MONTH_NAMES), take: (read, text) => takeMonth(read, text) }],
  ['a', { pattern: names(DAY_NAMES.map((name) => name.slice(0, 3))), take: () => true }],
  ['A', { pattern: names(DAY_NAMES), take: () => true }],
  ['z', { pattern: '[+-]\\d{2}(?::\\d{2}(?::\\d{2})?)?', take: takeOffset }],
]);
const READABLE = new Set(READERS.keys());

/** Null for a text that is none by the format. Throws a SqlError for a letter that there is not. */
export function parser(format: string): (text: string) => number | null {
  const parts = partsOf(format, READABLE);
  const readers = parts.flatMap((part) => ('letter' in part ? (READERS.get(part.letter) ?? []) : []));
  const source = parts.map((part) =>
    'text' in part ? literal(part.text) : `(${READERS.get(part.letter)?.pattern ?? ''})`,
  );
  const whole = new RegExp(`^[\\t-\\r ]*${source.join('')}[\\t-\\r ]*$`, 'u');
  return (text) => {
    const match = whole.exec(text);
    if (match === null) return null;
    const read: Read = {
      ...{ year: 1900, month: 1, day: 1, dayOfYear: null, hour: 0, isTwelve: false, isAfternoon: false },
      ...{ minute: 0, second: 0, micros: 0, offsetSeconds: 0 },
    };
    return readers.every((reader, i) => reader.take(read, match[i + 1] ?? '')) ? msOf(read) : null;
  };
}

function msOf(read: Read): number | null {
  if (read.day > daysInMonth(read.year, read.month)) return null;
  const day =
    read.dayOfYear === null ? daysOf(read.year, read.month, read.day) : daysOf(read.year, 1, 1) + read.dayOfYear - 1;
  const hour = read.isTwelve ? (read.hour % 12) + (read.isAfternoon ? 12 : 0) : read.hour;
  const seconds = hour * 3600 + read.minute * 60 + read.second - read.offsetSeconds;
  return day * MS_PER_DAY + seconds * 1000 + read.micros / 1000;
}

type NumberName = 'year' | 'month' | 'day' | 'dayOfYear' | 'hour' | 'minute' | 'second' | 'micros';

function assign(read: Read, name: NumberName, value: number, least: number, most: number): boolean {
  read[name] = value;
  return value >= least && value <= most;
}

function set(read: Read, name: 'isTwelve' | 'isAfternoon'): true {
  read[name] = true;
  return true;
}

function takeMonth(read: Read, text: string): boolean {
  const start = text.slice(0, 3).toLowerCase();
  const at = MONTH_NAMES.findIndex((name) => name.toLowerCase().startsWith(start));
  return assign(read, 'month', at + 1, 1, 12);
}

function takeOffset(read: Read, text: string): boolean {
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number);
  const offset = hours * 3600 + minutes * 60 + seconds;
  read.offsetSeconds = text.startsWith('-') ? -offset : offset;
  return true;
}

function digits(most: number, take: (read: Read, value: number) => boolean): Reader {
  return { pattern: `\\d{1,${most}}`, take: (read, text) => take(read, Number(text)) };
}

function bothWays(letter: string, reader: Reader): [string, Reader][] {
  return [
    [letter, reader],
    [`-${letter}`, reader],
  ];
}

/** In any case: JavaScript's flag would be for the whole pattern. */
function names(all: readonly string[]): string {
  return all
    .map((name) => [...name].map((letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`).join(''))
    .join('|');
}

/** A run of spaces stands for any run of spaces. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/[\t-\r ]+/g, '[\\t-\\r ]+');
}
