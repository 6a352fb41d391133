/** Readers of whole numbers: as JSON.parse gives them, as they were written, or as bigints, which come from Parquet. */
import { type ExactLong, exactLong, isLong } from './exact-long.ts';
import { unscaledOfText } from './number-text.ts';
import { fail, type Read, type Report, shown, wrong } from './refusal.ts';
import { writtenText } from './written-number.ts';

export const INT_MAX = 2 ** 31 - 1;
export const INT_MIN = -(2 ** 31);

export function intReader(report: Report): Read {
  return (value) => {
    const number = wholeNumber(value);
    if (number === null) return wrong(report, 'a whole number', value);
    if (typeof number === 'number' && number <= INT_MAX && number >= INT_MIN) return number;
    return fail(report, 'too-large', `is beyond the 32 bits of an int: found ${shown(value)}`);
  };
}

/** Reads whole numbers of 64 bits. One that a number does not hold exactly comes as a bigint, or as it was written. */
export function longReader(report: Report, isSafe: boolean): Read {
  const range = isSafe ? '±(2^53 − 1)' : 'the 64 bits of a long';
  return (value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    const number = wholeNumber(value);
    if (number === null) return wrong(report, 'a whole number', value);
    // A number that JSON.parse may have rounded is taken once it comes as it was written.
    if (typeof value !== 'number' && isLong(number) && (typeof number === 'number' || !isSafe)) return number;
    return fail(report, 'too-large', `is beyond ${range}: found ${shown(value)}`);
  };
}

/** Beyond 64 bits a bigint as well; null when the value is no whole number. */
export function wholeNumber(value: unknown): ExactLong | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null;
  if (typeof value === 'bigint') return isLong(value) ? exactLong(value) : value;
  const text = writtenText(value);
  const whole = text === null ? null : unscaledOfText(text, 0);
  return typeof whole === 'bigint' ? wholeNumber(whole) : whole === 'too-long' ? BEYOND : null;
}

/** Stands for a whole number of very many digits. */
const BEYOND = 1n << 64n;
