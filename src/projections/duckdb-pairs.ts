/**
 * Tables whose rows are two events each: one, and what was made of it in the same commit. Three columns in a row of its own less,
 * and an event costs by the columns that it has.
 */
import type { Columns } from '../messages/columns.ts';
import type { Column } from './duckdb-columns.ts';
import { tableColumns } from './duckdb-schema.ts';
import type { Table } from './table.ts';

export interface PairTable {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Full names of the types of both events. */
  readonly firstType: string;
  readonly secondType: string;
  /** Fields that both have. */
  readonly same: readonly string[];
}

export function pairTables(tables: readonly Table[]): PairTable[] {
  return tables.flatMap((second) => {
    const { pairs } = second;
    const first = tables.find(({ name }) => name === pairs?.with);
    if (pairs === undefined || first === undefined) return [];
    const own = tableColumns(second).filter(({ from }) => !pairs.same.includes(from));
    const columns = [...tableColumns(first), ...own.map((column): Column => ({ ...column, second: true }))];
    return [{ name: pairs.of, columns, firstType: first.eventType, secondType: second.eventType, same: pairs.same }];
  });
}

/** Whether the second events from a row on are about the first ones, one for each and in the same order. */
export function areAbout(first: Columns, second: Columns, secondFromRow: number, same: readonly string[]): boolean {
  if (secondFromRow + first.count > second.count) return false;
  return same.every((path) => isSame(first, second, secondFromRow, path));
}

function isSame(first: Columns, second: Columns, secondFromRow: number, path: string): boolean {
  const [one, other] = [first.column(path), second.column(path)];
  if (one?.kind !== 'number' || other?.kind !== 'number') return false;
  // Such columns have rounded longs that a number can't hold. The commit then has one row for each event.
  if (one.exact !== null || other.exact !== null) return false;
  for (let row = 0; row < first.count; row++) {
    if (one.values[row] !== other.values[row + secondFromRow]) return false;
  }
  return true;
}
