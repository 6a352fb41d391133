/**
 * The read models that HTTP serves: their paths and columns, and rows as CSV (RFC 4180).
 * Invariant: instants are epoch milliseconds, names are snake_case, whatever the store behind.
 */
import type { Row, ServiceView } from './view.ts';

export type TableName = Parameters<ServiceView['rows']>[0];

export interface Table {
  readonly path: string;
  readonly name: TableName;
  readonly columns: readonly string[];
}

const table = (path: string, name: TableName, columns: string): Table => ({ path, name, columns: columns.split(' ') });

export const TABLES: readonly Table[] = [
  table('sessions', 'sessions', 'customer_id start_at end_at count total_cents max_score'),
  table(
    'alerts',
    'alerts',
    'alert_id case_id customer_id transaction_id terminal_id amount_cents occurred_at score model severity reasons ' +
      'stream partition offset',
  ),
  table('cases', 'cases', 'case_id customer_id state hits amount_cents opened_at last_hit_at'),
  table('runs', 'runs', 'job run_id interval_start interval_end state attempt changed_at records message'),
  table('dead-letters', 'dead_letters', 'stream source position reason detail raw offset'),
  table('actor-history', 'actor_history', 'actor change restarts error changed_at'),
  table(
    'weather',
    'weather',
    'provider place observed_at temperature_celsius humidity_percent precipitation_mm wind_speed_kmh pressure_hpa',
  ),
];

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
