/** The read models as the statements of jobs see them: which of them a statement names, and how their rows come to it. */
import type { SqlParameter } from '../jobs/sql-text.ts';
import type { ColumnKind, Table } from '../projections/table.ts';
import type { LinesTable } from './protocol.ts';

/** Whether a statement names the table, or may: a name within a text or a comment counts, and costs a copy. */
export function names(sql: string, table: string): boolean {
  const name = table.split('.').map(pattern).join('\\s*\\.\\s*');
  return new RegExp(`(?<![\\w$])${name}(?![\\w$])`, 'i').test(sql.replaceAll('"', ''));
}

/** Parameters may hold names too, of a function that takes a table's. */
export function textOf(sql: string, parameters: readonly SqlParameter[]): string {
  return [sql, ...parameters.filter((each) => typeof each === 'string')].join('\n');
}

function pattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The columns of a table of SQLite, which has fewer types: those of DuckDB that stand for the same. */
export function linesTable({ name, columns }: Table, file: string): LinesTable {
  return {
    name,
    file,
    columns: columns.map(({ name: column, kind }) => ({ name: column, ...LINES[kind](`"${column}"`) })),
  };
}

type LineColumn = (column: string) => { readonly type: string; readonly sql: string };

const same =
  (type: string): LineColumn =>
  (column) => ({ type, sql: column });

const LINES: Readonly<Record<ColumnKind, LineColumn>> = {
  long: same('BIGINT'),
  int: same('INTEGER'),
  double: same('DOUBLE'),
  boolean: (column) => ({ type: 'INTEGER', sql: `${column} = 1` }),
  instant: (column) => ({ type: 'BIGINT', sql: `make_timestamp(${column} * 1000)` }),
  date: (column) => ({ type: 'INTEGER', sql: `DATE '1970-01-01' + ${column}` }),
  text: same('VARCHAR'),
  bytes: same('VARCHAR'),
  json: same('JSON'),
};
