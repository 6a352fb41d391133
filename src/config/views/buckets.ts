/** The window that a statement's grouping means: time buckets as DuckDB cuts them, and its table functions. */

import { modulo } from '../../sql/calendar.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import { INTERVAL, MS_PER_DAY } from '../../sql/kinds.ts';
import type { SourceItem } from '../../sql/statement.ts';

export type BucketWindow =
  | { readonly tumbling: number; readonly offset: number }
  | { readonly hopping: { readonly size: number; readonly every: number }; readonly offset: number }
  | { readonly session: number }
  /** The rows of a table as they are now. */
  | 'table';

/** DuckDB counts buckets narrower than a month from this Monday, 2000-01-03. */
const ORIGIN_MS = Date.UTC(2000, 0, 3);
/** 1970-01-01 was a Thursday, so the first Monday is four days later. */
const FIRST_MONDAY_MS = 4 * MS_PER_DAY;

const TRUNCATED: Readonly<Record<string, { readonly sizeMs: number; readonly offsetMs: number } | undefined>> = {
  second: { sizeMs: 1000, offsetMs: 0 },
  minute: { sizeMs: 60_000, offsetMs: 0 },
  hour: { sizeMs: 3_600_000, offsetMs: 0 },
  day: { sizeMs: MS_PER_DAY, offsetMs: 0 },
  week: { sizeMs: 7 * MS_PER_DAY, offsetMs: FIRST_MONDAY_MS },
};

/**
 * The tumbling window whose start the expression is; null when it is not the start of one. Throws an ExpressionError.
 */
export function bucketOf(expression: Expression, eventTime: string): BucketWindow | null {
  if (expression.kind !== 'call') return null;
  const { name, args, at } = expression;
  if (name !== 'time_bucket' && name !== 'date_trunc' && name !== 'datetrunc') return null;
  const [first, time, third, ...others] = args;
  if (first === undefined || time === undefined || others.length > 0) {
    throw new ExpressionError(
      `is written ${name}(${name === 'time_bucket' ? 'INTERVAL 1 MINUTE' : "'minute'"}, time)`,
      at,
    );
  }
  if (!isEventTime(time, eventTime)) return null;
  if (name === 'time_bucket') {
    const sizeMs = lengthMs(first);
    const shiftMs = third === undefined ? 0 : shiftOf(third, sizeMs);
    return { tumbling: sizeMs, offset: modulo(ORIGIN_MS + shiftMs, sizeMs) };
  }
  const part = first.kind === 'literal' ? String(first.value).toLowerCase() : '';
  const known = TRUNCATED[part];
  if (known === undefined || third !== undefined) {
    throw new ExpressionError(
      `a window is of a second, minute, hour, day or week; '${part}' has no one length`,
      first.at,
    );
  }
  return { tumbling: known.sizeMs, offset: known.offsetMs };
}

/**
 * The offset of time_bucket(width, time, offset), or of an origin given as a timestamp, from which buckets are counted.
 */
function shiftOf(expression: Expression, sizeMs: number): number {
  if (expression.kind === 'literal') {
    if (expression.type.kind === 'interval') return modulo(lengthOrZero(expression), sizeMs);
    if (expression.type.kind === 'timestamp') return Number(expression.value) - ORIGIN_MS;
    if (expression.type.kind === 'date') return Number(expression.value) * MS_PER_DAY - ORIGIN_MS;
  }
  throw new ExpressionError('must be an INTERVAL or a TIMESTAMP that does not change', expression.at);
}

function isEventTime(expression: Expression, eventTime: string): boolean {
  return expression.kind === 'column' && expression.names.join('.').toLowerCase() === eventTime.toLowerCase();
}

/** The window of latest(stream), tumble(stream, time, size), hop(stream, time, every, size) or session(stream, time, gap). */
export function tableWindow(window: NonNullable<SourceItem['window']>, eventTime: string): BucketWindow {
  const { name, args, at } = window;
  if (name === 'latest') {
    if (args.length > 0) throw new ExpressionError('is written latest(stream)', at);
    return 'table';
  }
  const [time, ...rest] = args;
  const form = {
    tumble: 'INTERVAL 1 MINUTE',
    hop: 'INTERVAL 10 SECOND, INTERVAL 1 MINUTE',
    session: 'INTERVAL 30 MINUTE',
  };
  const wanted = name === 'hop' ? 2 : 1;
  if (time === undefined || rest.length !== wanted) {
    throw new ExpressionError(`is written ${name}(stream, ${eventTime}, ${form[name]})`, at);
  }
  if (!isEventTime(time, eventTime)) {
    throw new ExpressionError(
      `windows go by the stream's event time, ${eventTime}, not by ${expressionText(time)}`,
      time.at,
    );
  }
  const [firstMs = 0, secondMs = 0] = rest.map(lengthMs);
  if (name === 'session') return { session: firstMs };
  if (name === 'tumble') return { tumbling: firstMs, offset: modulo(ORIGIN_MS, firstMs) };
  if (firstMs > secondMs) {
    throw new ExpressionError('the step comes before the size, and is not longer: events would be in none', at);
  }
  return { hopping: { every: firstMs, size: secondMs }, offset: modulo(ORIGIN_MS, firstMs) };
}

/** The length of an interval. Throws an ExpressionError for one without a fixed length, such as a month. */
export function lengthMs(expression: Expression): number {
  const ms = lengthOrZero(expression);
  if (ms > 0 && Number.isInteger(ms)) return ms;
  throw new ExpressionError('must be longer than 0, in whole milliseconds', expression.at);
}

function lengthOrZero(expression: Expression): number {
  const { at } = expression;
  if (expression.kind !== 'literal' || expression.type.kind !== 'interval') {
    throw new ExpressionError("must be an INTERVAL that does not change, such as INTERVAL '1 minute'", at);
  }
  const { months, days, ms } = INTERVAL.reader(expression.type)(expression.value);
  if (months !== 0) throw new ExpressionError('a month has no one length: write days', at);
  return days * MS_PER_DAY + ms;
}
