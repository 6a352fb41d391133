/**
 * The values of a block's events, or labels, for the columns of rows: computed for the whole block, then read by row.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { compileCondition, compileExpression } from '../sql/compile.ts';
import { bindCondition, bindNumber } from '../sql/compiled.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { SqlError } from '../sql/value.ts';
import type { RowColumn } from './row-columns.ts';

export interface ValueColumns {
  /** The block whose rows at() is told from now on. Throws when it lacks a field. */
  begin(columns: Columns): void;
  /** NaN for null, and for what fails; a truth is 1, or 0 where it is not true. */
  at(column: number, row: number): number;
}

/** Throws an ExpressionError when an expression does not fit the schema. */
export function valueColumns(
  columns: readonly RowColumn[],
  schema: AvroRecord,
  functions?: readonly UserFunction[],
): ValueColumns {
  const compiled = columns.map(({ text, isTruth }) =>
    isTruth ? compileCondition(text, schema, 'sql', functions) : compileExpression(text, schema, 'sql', functions),
  );
  let bound: ((row: number) => number)[] = [];
  return {
    begin(read) {
      bound = compiled.map((expression, i) => {
        if (columns[i]?.isTruth !== true) return bindNumber(expression, read, () => {});
        const isTrue = bindCondition(expression, read);
        return (row) => (isTrue(row) ? 1 : 0);
      });
    },
    at(column, row) {
      try {
        const value = bound[column]!(row);
        return Number.isFinite(value) ? value + 0 : Number.NaN;
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        return columns[column]?.isTruth === true ? 0 : Number.NaN;
      }
    },
  };
}
