/** Rows of the analytics store: the same for the same input, live or replayed. */
import type { Config } from '../../dist/config/config.js';

export function rowsSql({ windows }: Pick<Config, 'windows'>): string {
  const tables = ['transactions', 'scores', 'session_parts', ...windows.map(({ name }) => `window_${name}`)];
  return `SELECT ${tables.map((table) => `(SELECT count(*) FROM "${table}") AS "${table}"`).join(', ')}`;
}

export function numbersOf(row: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(row).map(([table, rows]) => [table, Number(rows)]));
}
