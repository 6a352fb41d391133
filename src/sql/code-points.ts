/** Texts as DuckDB counts them: by code points, where JavaScript counts a code point beyond U+FFFF as two units. */
import { SqlError } from './value.ts';

/** Longer texts are not made, so that a small pattern can't fill the memory. */
const MAX_TEXT = 2 ** 24;

const SURROGATE = /[\ud800-\udfff]/;

export function lengthOf(text: string): number {
  return SURROGATE.test(text) ? codePoints(text).length : text.length;
}

export function codePoints(text: string): string[] {
  return Array.from(text);
}

/** From a code point on, to before another; both from 0. */
export function sliceOf(text: string, start: number, end: number): string {
  return SURROGATE.test(text) ? codePoints(text).slice(start, end).join('') : text.slice(start, end);
}

/** How many code points are before a unit. */
export function placeOf(text: string, unit: number): number {
  return lengthOf(text.slice(0, unit));
}

export function boundLength(length: number): void {
  if (length > MAX_TEXT) throw new SqlError(`A text of ${length} characters is too long: ${MAX_TEXT} is the most`);
}
