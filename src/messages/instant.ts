/**
 * Reads ISO-8601 instants from ASCII bytes as epoch milliseconds: `2018-04-01T00:00:31Z`. Seconds and a fraction are
 * optional. The zone is not: without one, the same text would be another instant on another machine.
 *
 * Digits beyond the millisecond are cut. Years are 0000 to 9999, of the proleptic Gregorian calendar as ECMAScript's.
 */
const DAY_MS = 86_400_000;
const ZERO = 48;
const LONGEST_TEXT = 40;

export interface InstantParser {
  /** NaN when the bytes from `start` to `end` are not an instant. */
  bytes(source: Uint8Array, start: number, end: number): number;
  text(value: string): number;
}

/** Instants that come together are mostly of one day, so a parser keeps the last date it has seen. */
export function createInstantParser(): InstantParser {
  let cachedDate = -1;
  let cachedMs = Number.NaN;
  const scratch = new Uint8Array(LONGEST_TEXT);

  function dateMs(year: number, month: number, day: number): number {
    const date = (year * 100 + month) * 100 + day;
    if (date !== cachedDate) {
      const midnight = new Date(0);
      midnight.setUTCFullYear(year, month - 1, day);
      const exists = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
      cachedMs = exists ? midnight.getTime() : Number.NaN;
      cachedDate = date;
    }
    return cachedMs;
  }

  function bytes(source: Uint8Array, start: number, end: number): number {
    if (end - start < 17) return Number.NaN;
    if (source[start + 4] !== 45 || source[start + 7] !== 45 || source[start + 13] !== 58) return Number.NaN;
    const separator = source[start + 10];
    if (separator !== 84 && separator !== 116) return Number.NaN;
    const year = twoDigits(source, start) * 100 + twoDigits(source, start + 2);
    const date = dateMs(year, twoDigits(source, start + 5), twoDigits(source, start + 8));
    const hour = twoDigits(source, start + 11);
    const minute = twoDigits(source, start + 14);
    let at = start + 16;
    let second = 0;
    let millis = 0;
    if (source[at] === 58) {
      second = twoDigits(source, at + 1);
      at += 3;
      if (at < end && source[at] === 46) {
        const from = at + 1;
        let scale = 100;
        for (at = from; at < end && isDigit(source[at]); at++) {
          millis += Math.floor(scale) * ((source[at] ?? ZERO) - ZERO);
          scale /= 10;
        }
        if (at === from) return Number.NaN;
      }
    }
    if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
    return date + ((hour * 60 + minute) * 60 + second) * 1000 + millis - zoneMs(source, at, end);
  }

  return {
    bytes,
    text(value) {
      if (value.length > LONGEST_TEXT) return Number.NaN;
      for (let n = 0; n < value.length; n++) {
        const code = value.charCodeAt(n);
        if (code > 127) return Number.NaN;
        scratch[n] = code;
      }
      return bytes(scratch, 0, value.length);
    },
  };
}

/** `Z`, `+hh:mm` or `+hhmm`, up to the end; NaN when it is none of these. */
function zoneMs(source: Uint8Array, at: number, end: number): number {
  const sign = source[at];
  if (sign === 90 || sign === 122) return at + 1 === end ? 0 : Number.NaN;
  if (sign !== 43 && sign !== 45) return Number.NaN;
  const minutesAt = source[at + 3] === 58 ? at + 4 : at + 3;
  if (minutesAt + 2 !== end) return Number.NaN;
  const hours = twoDigits(source, at + 1);
  const minutes = twoDigits(source, minutesAt);
  if (!(hours < 24 && minutes < 60)) return Number.NaN;
  const offset = ((hours * 60 + minutes) * DAY_MS) / (24 * 60);
  return sign === 43 ? offset : -offset;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

function twoDigits(source: Uint8Array, at: number): number {
  const tens = (source[at] ?? 0) - ZERO;
  const ones = (source[at + 1] ?? 0) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
