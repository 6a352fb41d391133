/** The values of a field, row by row. */
import { type Columns, textAt, valueAt } from '../messages/columns.ts';
import type { ScopeField } from './scope.ts';
import { exactInteger, type SqlValue } from './value.ts';

export type ValueAt = (row: number) => SqlValue;

/** Throws when the block lacks the field. */
export function fieldValues({ path, type, ticksPerMs, value: of }: ScopeField, columns: Columns): ValueAt {
  const column = columns.column(path);
  if (column === undefined) return eventValues(path, of, columns);
  const { nulls } = column;
  if (column.kind === 'boxed') return (row) => of(column.at(row));
  if (column.kind === 'text') return (row) => (nulls?.[row] === 1 ? null : textAt(column, row));
  const { values, exact } = column;
  switch (type.kind) {
    case 'boolean':
      return (row) => (nulls?.[row] === 1 ? null : values[row] === 1);
    case 'bigint':
      return (row) => {
        if (nulls?.[row] === 1) return null;
        return exact === null ? values[row]! : exactInteger(exact[row]!);
      };
    case 'double':
    case 'date':
    case 'timestamp':
      return (row) => {
        const value = values[row]!;
        return nulls?.[row] === 1 || Number.isNaN(value) ? null : value / ticksPerMs;
      };
    default:
      // Values that are all null are a column of no type.
      return () => null;
  }
}

function eventValues(path: string, of: ScopeField['value'], columns: Columns): ValueAt {
  if (columns.count > 0 && valueAt(columns.event(0), path) === undefined) {
    throw new Error(`An expression reads the field ${path}, which the events have not`);
  }
  return (row) => of(valueAt(columns.event(row), path));
}
