/** The analytics store's table of a declared stream: a row an event, as the schema of today reads it. */
import { isWide, type RecordColumn } from '../messages/record-columns.ts';
import type { Column } from './duckdb-columns.ts';
import type { StreamTable } from './stream-tables.ts';

/** The columns of the schema, then those that say where the event lies. */
export function streamColumns({ columns }: StreamTable): Column[] {
  return [
    ...schemaColumns(columns),
    { name: 'partition', kind: 'int', from: '$partition' },
    { name: 'log_offset', kind: 'long', from: '$offset' },
  ];
}

/** The columns of the schema alone. */
export function schemaColumns(columns: readonly RecordColumn[]): Column[] {
  return columns.map(columnOf);
}

/** The columns that are state. Where a row lies depends on the layout. */
export function streamDigest({ columns }: StreamTable): string[] {
  return columns.map(({ path }) => path);
}

/** A column of a record, with the name of its field. */
export function columnOf({ path, kind, decimal, isNullable }: RecordColumn): Column {
  const isText = kind === 'json' || isWide(decimal);
  const column: Column = { name: path, kind: isText ? 'text' : kind, from: path };
  const own = decimal === undefined || isText ? column : { ...column, decimal };
  return isNullable ? { ...own, nullable: true } : own;
}
