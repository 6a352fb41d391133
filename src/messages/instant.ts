/**
 * Reads ISO-8601 instants from ASCII bytes as epoch milliseconds: `2018-04-01T00:00:31Z`. A space may stand in place of the
 * T and before the zone, as SQL writes times; seconds and a fraction are optional. The zone is not, unless the parser was
 * given one for times without: the same text would otherwise be another instant on another machine.
 *
 * Digits beyond the millisecond are cut. Years are 0000 to 9999, of the proleptic Gregorian calendar as ECMAScript's.
 */
import { dateMs } from './calendar.ts';
import type { Zone } from './time-zone.ts';

const DAY_MS = 86_400_000;
const ZERO = 48;
const LONGEST_TEXT = 64;

export interface InstantParser {
  /** NaN when the bytes from `start` to `end` are not an instant. */
  bytes(source: Uint8Array, start: number, end: number): number;
  text(value: string): number;
  /** Of what was read last: nanoseconds within the millisecond. */
  nanos(): number;
}

/**
 * Instants that come together are mostly of one day, so a parser keeps the last date it has seen. With a zone, times without
 * one are its clock's, and a date alone is its midnight.
 */
export function createInstantParser(zone: Zone | null = null): InstantParser {
  let cachedDate = -1;
  let cachedMs = Number.NaN;
  let nanos = 0;

  function bytes(source: Uint8Array, start: number, end: number): number {
    nanos = 0;
    const length = end - start;
    if (length < 16 && !(zone !== null && length === 10)) return Number.NaN;
    if (source[start + 4] !== 45 || source[start + 7] !== 45) return Number.NaN;
    const year = twoDigits(source, start) * 100 + twoDigits(source, start + 2);
    const month = twoDigits(source, start + 5);
    const day = twoDigits(source, start + 8);
    const date = (year * 100 + month) * 100 + day;
    if (date !== cachedDate) {
      cachedDate = date;
      cachedMs = dateMs(year, month, day);
    }
    if (length === 10) return zone === null ? Number.NaN : zone.epochMs(cachedMs);
    const separator = source[start + 10];
    if (separator !== 84 && separator !== 116 && separator !== 32) return Number.NaN;
    if (source[start + 13] !== 58) return Number.NaN;
    const hour = twoDigits(source, start + 11);
    const minute = twoDigits(source, start + 14);
    let at = start + 16;
    let second = 0;
    let millis = 0;
    if (at < end && source[at] === 58) {
      second = twoDigits(source, at + 1);
      at += 3;
      if (at < end && (source[at] === 46 || source[at] === 44)) {
        const from = at + 1;
        let fraction = 0;
        let scale = 1e8;
        for (at = from; at < end && isDigit(source[at]); at++) {
          fraction += Math.floor(scale) * ((source[at] ?? ZERO) - ZERO);
          scale /= 10;
        }
        if (at === from) return Number.NaN;
        millis = Math.floor(fraction / 1e6);
        nanos = fraction - millis * 1e6;
      }
    }
    if (at > end || !(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
    const clockMs = cachedMs + ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    if (at === end) return zone === null ? Number.NaN : zone.epochMs(clockMs);
    return clockMs - offsetMs(source, source[at] === 32 ? at + 1 : at, end);
  }

  return {
    bytes,
    text: textReader(bytes),
    nanos: () => nanos,
  };
}

/** Reads a text by what reads bytes; NaN for one that is not ASCII, or too long for any time. */
export function textReader(bytes: InstantParser['bytes']): InstantParser['text'] {
  const scratch = new Uint8Array(LONGEST_TEXT);
  return (value) => {
    if (value.length > LONGEST_TEXT) return Number.NaN;
    for (let n = 0; n < value.length; n++) {
      const code = value.charCodeAt(n);
      if (code > 127) return Number.NaN;
      scratch[n] = code;
    }
    return bytes(scratch, 0, value.length);
  };
}

/** `Z`, `UTC`, `±hh`, `±hh:mm` or `±hhmm`, up to the end, in milliseconds ahead of UTC; NaN when it is none of these. */
function offsetMs(source: Uint8Array, at: number, end: number): number {
  const sign = source[at];
  if (sign === 90 || sign === 122) return at + 1 === end ? 0 : Number.NaN;
  if (sign === 85) return at + 3 === end && source[at + 1] === 84 && source[at + 2] === 67 ? 0 : Number.NaN;
  if (sign !== 43 && sign !== 45) return Number.NaN;
  let minutes = 0;
  if (at + 3 !== end) {
    const minutesAt = source[at + 3] === 58 ? at + 4 : at + 3;
    if (minutesAt + 2 !== end) return Number.NaN;
    minutes = twoDigits(source, minutesAt);
  }
  const hours = twoDigits(source, at + 1);
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
