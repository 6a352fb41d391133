/** The reads that the API offers of a table: one query against one store, newest rows first. */
import type { Dialect } from './store.ts';
import type { Table, TableRead } from './table.ts';

/** The SQL of a table's read. `limit` is a whole number from 1 to 1,001. Throws a RangeError on any other. */
export function readSql({ name, columns }: Table, read: TableRead, dialect: Dialect, limit: number): string {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1001)
    throw new RangeError(`limit must be 1 to 1001, not ${limit}`);
  const selected = read.columns.map((column) => {
    const { name: given, of, first } = typeof column === 'string' ? { name: column, of: column } : { ...column };
    const value = `one."${of}"`;
    if (first !== undefined) return `${dialect.beginning(value, first)} AS "${given}"`;
    const isInstant = columns.some((entry) => entry.name === of && entry.kind === 'instant');
    return `${isInstant ? dialect.instant(value) : value} AS "${given}"`;
  });
  const thenBy = read.thenBy === undefined ? '' : `, one."${read.thenBy}"`;
  return `SELECT ${selected.join(', ')} FROM ${rowsSql(name, read)}
    ORDER BY one."${read.newest}" DESC${thenBy} LIMIT ${limit}`;
}

function rowsSql(name: string, { only }: TableRead): string {
  if (only === undefined) return `"${name}" AS one`;
  const of = only.of.map((column) => `"${column}"`).join(', ');
  return `(SELECT *, row_number() OVER (PARTITION BY ${of} ORDER BY "${only.by}" DESC) AS place_of_row FROM "${name}") AS one
    WHERE place_of_row = 1`;
}
