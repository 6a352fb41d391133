/** The field of the grouping key, read by row. */
import {
  type Column,
  type Columns,
  type NumberColumn,
  numberAt,
  type TextColumn,
  textAt,
} from '../messages/columns.ts';

/** A bigint is a long that no number holds exactly. */
export type Key = string | number | bigint | null;
export type KeyColumn = NumberColumn | TextColumn;

/** Throws when the field is neither a number nor a text. */
export function keyColumn(columns: Columns, field: string): KeyColumn {
  const column = columns.column(field);
  if (isKeyColumn(column)) return column;
  throw new Error(`The field ${field} can't be a key: it is neither a number nor a text`);
}

export function isKeyColumn(column: Column | undefined): column is KeyColumn {
  return column !== undefined && column.kind !== 'boxed';
}

/** A number that is not finite is null: columns have NaN for it. */
export function keyAt(column: KeyColumn, row: number): Key {
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  if (column.kind === 'text') return textAt(column, row);
  const value = numberAt(column, row);
  return typeof value === 'number' && Number.isNaN(value) ? null : value;
}
