/**
 * Reads times by a format of strptime, as C and DuckDB have it: `%d.%m.%Y %H:%M`. The format is compiled to steps, which are
 * followed over the bytes. Numbers may lack their leading zeros; names are English, in either case.
 */
import { dateMs } from './calendar.ts';
import { DAYS, MONTHS, namedAt } from './time-names.ts';

export interface ReadTime {
  /** What a clock shows, in milliseconds since 1970 as if in UTC; NaN when the bytes are of another format. */
  read(source: Uint8Array, start: number, end: number): number;
  /** Of what was read last: what the text says of its zone, in milliseconds ahead of UTC; null when it says nothing. */
  offsetMs(): number | null;
  /** Of what was read last: nanoseconds within the millisecond. */
  nanos(): number;
}

/** What a step reads; a literal byte is one of the numbers below 256. */
const YEAR = 256;
const SHORT_YEAR = 257;
const MONTH = 258;
const DAY = 259;
const HOUR = 260;
const HOUR_OF_12 = 261;
const MINUTE = 262;
const SECOND = 263;
const FRACTION = 264;
const HALF = 265;
const MONTH_NAME = 266;
const DAY_NAME = 267;
const OFFSET = 268;
const ZONE_NAME = 269;

const DIRECTIVES: Readonly<Record<string, readonly number[]>> = {
  Y: [YEAR],
  y: [SHORT_YEAR],
  m: [MONTH],
  d: [DAY],
  H: [HOUR],
  I: [HOUR_OF_12],
  M: [MINUTE],
  S: [SECOND],
  f: [FRACTION],
  p: [HALF],
  b: [MONTH_NAME],
  B: [MONTH_NAME],
  a: [DAY_NAME],
  A: [DAY_NAME],
  z: [OFFSET],
  Z: [ZONE_NAME],
  F: [YEAR, 45, MONTH, 45, DAY],
  T: [HOUR, 58, MINUTE, 58, SECOND],
  '%': [37],
};

/** Throws an Error in words for a format that can't be followed. */
export function compileTimeFormat(format: string): ReadTime {
  const steps = Int16Array.from(stepsOf(format));
  const digits = new Float64Array(2);
  let offset: number | null = null;
  let nanos = 0;

  /** Up to `most` digits: their number, or NaN; `digits` has the place behind them and their count. */
  function number(source: Uint8Array, at: number, end: number, most: number): number {
    let value = 0;
    let next = at;
    for (; next < end && next - at < most; next++) {
      const digit = source[next]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    digits[0] = next;
    digits[1] = next - at;
    return next === at ? Number.NaN : value;
  }

  function read(source: Uint8Array, start: number, end: number): number {
    let at = start;
    let year = Number.NaN;
    let month = 1;
    let day = 1;
    let hour = 0;
    let minute = 0;
    let second = 0;
    let fraction = 0;
    let half = -1;
    offset = null;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      if (step < 256) {
        if (at >= end || source[at] !== step) return Number.NaN;
        at += 1;
        continue;
      }
      switch (step) {
        case YEAR:
          year = number(source, at, end, 4);
          at = digits[0]!;
          break;
        case SHORT_YEAR:
          year = number(source, at, end, 2);
          // POSIX has 69 to 99 in the twentieth century.
          year += year < 69 ? 2000 : 1900;
          at = digits[0]!;
          break;
        case MONTH:
          month = number(source, at, end, 2);
          at = digits[0]!;
          break;
        case DAY:
          day = number(source, at, end, 2);
          at = digits[0]!;
          break;
        case HOUR:
        case HOUR_OF_12:
          hour = number(source, at, end, 2);
          if (step === HOUR_OF_12 && !(hour >= 1 && hour <= 12)) return Number.NaN;
          at = digits[0]!;
          break;
        case MINUTE:
          minute = number(source, at, end, 2);
          at = digits[0]!;
          break;
        case SECOND:
          second = number(source, at, end, 2);
          at = digits[0]!;
          break;
        case FRACTION:
          fraction = number(source, at, end, 9) * 10 ** (9 - digits[1]!);
          at = digits[0]!;
          break;
        case HALF: {
          const letter = (source[at] ?? 0) | 32;
          if (at + 2 > end || ((source[at + 1] ?? 0) | 32) !== 109 || (letter !== 97 && letter !== 112))
            return Number.NaN;
          half = letter === 112 ? 12 : 0;
          at += 2;
          break;
        }
        case MONTH_NAME:
        case DAY_NAME: {
          const found = namedAt(step === MONTH_NAME ? MONTHS : DAYS, source, at, end);
          if (found === null) return Number.NaN;
          if (step === MONTH_NAME) month = found.index + 1;
          at = found.end;
          break;
        }
        case OFFSET: {
          const zone = offsetAt(source, at, end);
          if (Number.isNaN(zone.ms)) return Number.NaN;
          offset = zone.ms;
          at = zone.end;
          break;
        }
        default: {
          const name = String.fromCharCode(...source.subarray(at, Math.min(end, at + 3))).toUpperCase();
          if (name !== 'UTC' && name !== 'GMT' && name[0] !== 'Z') return Number.NaN;
          offset = 0;
          at += name[0] === 'Z' ? 1 : 3;
        }
      }
    }
    if (at !== end) return Number.NaN;
    if (half >= 0) hour = (hour % 12) + half;
    if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
    nanos = fraction % 1e6;
    return dateMs(year, month, day) + ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(fraction / 1e6);
  }

  return { read, offsetMs: () => offset, nanos: () => nanos };
}

function stepsOf(format: string): number[] {
  const bytes = Buffer.from(format, 'utf8');
  const steps: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 37) {
      steps.push(bytes[i]!);
      continue;
    }
    // `%-d`, a number without zeros in front, is read as `%d` is.
    const letter = String.fromCharCode(bytes[bytes[i + 1] === 45 ? i + 2 : i + 1] ?? 0);
    const own = DIRECTIVES[letter];
    if (own === undefined) {
      const known = Object.keys(DIRECTIVES).map((each) => `%${each}`);
      throw new Error(`has %${letter === '\0' ? '' : letter}, which is not known; known: ${known.join(' ')}`);
    }
    steps.push(...own);
    i += bytes[i + 1] === 45 ? 2 : 1;
  }
  if (!steps.includes(YEAR) && !steps.includes(SHORT_YEAR)) throw new Error('says no year: %Y, %y or %F');
  if (steps.includes(HOUR_OF_12) && !steps.includes(HALF)) throw new Error('has %I, an hour from 1 to 12, without %p');
  return steps;
}

/** `Z`, `±hh`, `±hhmm` or `±hh:mm`, and the place behind it; NaN when it is none of these. */
function offsetAt(source: Uint8Array, at: number, end: number): { readonly ms: number; readonly end: number } {
  const text = String.fromCharCode(...source.subarray(at, Math.min(end, at + 6)));
  const [whole = '', sign, hours = '0', minutes = '0'] = /^(?:Z|z|([+-])(\d\d)(?::?(\d\d))?)/.exec(text) ?? [];
  if (whole === '' || Number(hours) > 23 || Number(minutes) > 59) return { ms: Number.NaN, end: at };
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return { ms: sign === '-' ? -ms : ms, end: at + whole.length };
}
