/**
 * The reads that the API offers of a declared stream: its newest events, and the row of a key. Instants are epoch
 * milliseconds, dates as 2018-04-01, bytes hexadecimal, whichever store is asked.
 */

import { type ExactLong, longOfText } from '../messages/exact-long.ts';
import { decimalText, unscaledOfText } from '../messages/number-text.ts';
import type { RecordColumn } from '../messages/record-columns.ts';
import { hexText } from '../sql-quotes.ts';
import { exactSql } from './sqlite-streams.ts';
import type { Row } from './store.ts';
import type { StreamTable } from './stream-tables.ts';

/** The store with a row for each event of declared streams, and the one with a row for each key. */
export const STREAM_ROWS_STORE = 'duckdb';
export const STREAM_KEYS_STORE = 'sqlite';

/**
 * The newest events by event time, in the SQL of STREAM_ROWS_STORE. `limit` is a whole number from 1 to 1,001. Throws a
 * RangeError on any other.
 */
export function newestSql({ name, timeField, columns }: StreamTable, limit: number): string {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1001)
    throw new RangeError(`limit must be 1 to 1001, not ${limit}`);
  const instant = (column: string): string => `epoch_ms(${column})`;
  return `SELECT ${selected(columns, instant, (column) => `${column}::VARCHAR`, null)} FROM "${name}" AS event
    ORDER BY event."${timeField}" DESC, event.log_offset DESC, event.partition LIMIT ${limit}`;
}

/**
 * The row of a key, in the SQL of STREAM_KEYS_STORE. `text` is the key as it is written; null where no key of the
 * stream can be written so.
 */
export function keySql({ name, key, columns }: StreamTable, text: string): string | null {
  const keyColumn = columns.find(({ path }) => path === key);
  const keys = keyColumn === undefined ? [] : literalsOf(keyColumn, text);
  if (keys.length === 0) return null;
  const date = (column: string): string => `date(${column} * 86400, 'unixepoch')`;
  return `SELECT ${selected(columns, (column) => column, date, exactSql)} FROM "${name}" AS event
    WHERE event."${key}" IN (${keys.join(', ')}) LIMIT 1`;
}

/** A row with the types that both stores have in common: SQLite has no booleans. */
export function typedRow({ columns }: StreamTable, row: Row): Row {
  const truths = columns.filter(({ kind, path }) => kind === 'boolean' && typeof row[path] === 'number');
  return { ...row, ...Object.fromEntries(truths.map(({ path }) => [path, row[path] === 1])) };
}

function selected(
  columns: readonly RecordColumn[],
  instant: (column: string) => string,
  date: (column: string) => string,
  whole: ((column: string) => string) | null,
): string {
  const own = columns.map(({ path, kind }) => {
    const column = `event."${path}"`;
    if (kind === 'instant') return `${instant(column)} AS "${path}"`;
    if (kind === 'long' && whole !== null) return `${whole(column)} AS "${path}"`;
    if (kind === 'date') return `${date(column)} AS "${path}"`;
    // SQLite's hex() of null is an empty text.
    if (kind === 'bytes') return `CASE WHEN ${column} IS NULL THEN NULL ELSE hex(${column}) END AS "${path}"`;
    return `${column} AS "${path}"`;
  });
  return [...own, 'event.partition AS partition', 'event.log_offset AS log_offset'].join(', ');
}

/** The keys that a text may stand for. A union of text and numbers may hold either. */
function literalsOf({ kind, decimal }: RecordColumn, text: string): string[] {
  const whole = longOfText(text);
  const isWhole = whole !== null;
  if (kind === 'int' || kind === 'long') return isWhole ? [literalOf(whole)] : [];
  if (kind === 'text') return [hexText(text)];
  if (kind === 'boolean') return text === 'true' ? ['1'] : text === 'false' ? ['0'] : [];
  if (kind === 'double') return Number.isFinite(Number(text)) && text.trim() !== '' ? [String(Number(text))] : [];
  if (kind === 'decimal') {
    const scale = decimal?.scale ?? 0;
    const unscaled = unscaledOfText(text, scale);
    return typeof unscaled === 'bigint' ? [hexText(decimalText(unscaled, scale))] : [];
  }
  return isWhole ? [hexText(JSON.stringify(text)), hexText(String(whole))] : [hexText(JSON.stringify(text))];
}

/** SQLite takes the digits of −2^63 for a real number, because it reads the sign apart. */
function literalOf(whole: ExactLong): string {
  return whole < 0 ? `(${BigInt(whole) + 1n} - 1)` : String(whole);
}
