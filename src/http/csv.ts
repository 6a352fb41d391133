/** Rows of tables as CSV (RFC 4180). */
import type { Row } from './view.ts';

/** A header line always, then a line a row; columns that a row has beyond the declared ones come last. */
export function toCsv(declared: readonly string[], rows: readonly Row[]): string {
  const columns = new Set(declared);
  for (const row of rows) for (const column of Object.keys(row)) columns.add(column);
  const names = [...columns];
  return csvHeader(names) + csvLines(names, rows);
}

export function csvHeader(columns: readonly string[]): string {
  return `${columns.join(',')}\r\n`;
}

export function csvLines(columns: readonly string[], rows: readonly Row[]): string {
  return rows.map((row) => `${columns.map((name) => csvCell(row[name] ?? null)).join(',')}\r\n`).join('');
}

/**
 * Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection): dead letters and
 * keys hold what strangers sent.
 */
function csvCell(value: Row[string]): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return '';
  if (typeof value !== 'string') return String(value);
  const inert = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
