/**
 * Columns that a window computes of its events, for its keys and its aggregates. A column's name is the text of its
 * expression.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Column, Columns } from '../messages/columns.ts';
import { compileExpression } from '../sql/compile.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { SqlError } from '../sql/value.ts';
import { computedColumn } from './computed-column.ts';
import { fieldAt } from './field-type.ts';

export interface ColumnsByText {
  /**
   * Returns the events with the computed columns, which are good until the next block. Values are computed for the taken
   * rows only.
   */
  begin(columns: Columns, isTaken: (row: number) => boolean): Columns;
  /** Whether a row of the last block is taken. Throws the SqlError of a row that an expression, or the question, fails on. */
  takes(row: number): boolean;
  /** Whether an expression, or the question, fails on a row of the last block. */
  fails(row: number): boolean;
}

/** Null where all texts are fields. Throws an ExpressionError when an expression does not fit the schema. */
export function columnsByText(
  texts: readonly string[],
  schema: AvroRecord,
  functions?: readonly UserFunction[],
): ColumnsByText | null {
  const computed = [...new Set(texts)]
    .filter((text) => fieldAt(schema, text) === undefined)
    .map((text) => ({ text, own: computedColumn(compileExpression(text, schema, 'sql', functions)) }));
  if (computed.length === 0) return null;
  const faults = new Map<number, SqlError>();
  let taken = new Uint8Array(0);

  function compute(row: number, isTaken: (row: number) => boolean): boolean {
    try {
      if (!isTaken(row)) return false;
      for (const { own } of computed) own.compute(row);
      return true;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      faults.set(row, error);
      return false;
    }
  }

  return {
    begin(columns, isTaken) {
      faults.clear();
      if (taken.length < columns.count) taken = new Uint8Array(columns.count);
      for (const { own } of computed) own.begin(columns);
      for (let row = 0; row < columns.count; row++) taken[row] = Number(compute(row, isTaken));
      const made = new Map<string, Column>(computed.map(({ text, own }) => [text, own.column()]));
      return { ...columns, column: (path) => made.get(path) ?? columns.column(path) };
    },
    takes(row) {
      const fault = faults.size === 0 ? undefined : faults.get(row);
      if (fault !== undefined) throw fault;
      return taken[row] === 1;
    },
    fails: (row) => faults.size > 0 && faults.has(row),
  };
}
