/** A key that an expression gives, for all rows of a block. */
import type { Columns } from '../messages/columns.ts';
import type { Checked } from '../sql/checked.ts';
import { SqlError } from '../sql/value.ts';
import { computedColumn } from './computed-column.ts';
import type { KeyColumn } from './key-column.ts';

/** The key is null for a row that the expression fails on, such as by a CAST that can't be done. */
export function computedKey(expression: Checked): (columns: Columns) => KeyColumn {
  const computed = computedColumn(expression);
  return (columns) => {
    const failed: number[] = [];
    computed.begin(columns);
    for (let row = 0; row < columns.count; row++) {
      try {
        computed.compute(row);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        failed.push(row);
      }
    }
    const column = computed.column();
    if (column.kind === 'boxed') throw new Error('A key is a text or a whole number');
    for (const row of failed) if (column.nulls !== null) column.nulls[row] = 1;
    return column;
  };
}
