/**
 * Binds a checked expression to a block of columns. Each kind of binding runs in the fast tier, and in the general tier
 * for rows that the fast tier can't compute exactly.
 */
import type { Columns } from '../messages/columns.ts';
import type { Checked } from './checked.ts';
import { numberAt, truthAt } from './fast.ts';
import { INEXACT } from './fast-arithmetic.ts';
import type { ValueAt } from './field-values.ts';
import { plainCondition } from './plain-condition.ts';
import type { SqlValue } from './value.ts';
import { valuesOf } from './values.ts';

/**
 * Is the condition true for a row? Throws when the block lacks a field. What it returns throws a SqlError for a row that the
 * condition fails on.
 */
export function bindCondition(condition: Checked, columns: Columns): (row: number) => boolean {
  const plain = plainCondition(condition, columns);
  if (plain !== null) return plain;
  const fast = truthAt(condition, columns);
  const slowly = once(condition, columns);
  return (row) => {
    try {
      return fast(row) === 1;
    } catch (error) {
      if (error !== INEXACT) throw error;
      return slowly(row) === true;
    }
  };
}

/** The value of a row, of any type. Throws as bindCondition() does. */
export function bindValue(expression: Checked, columns: Columns): ValueAt {
  return valuesOf(expression, columns);
}

/**
 * Of an expression of type BOOLEAN, BIGINT, DOUBLE, DATE or TIMESTAMP: NaN for null, and `beyond` told of a row whose whole
 * number is beyond 2^53. Throws as bindCondition() does.
 */
export function bindNumber(
  expression: Checked,
  columns: Columns,
  beyond: (row: number, value: SqlValue) => void,
): (row: number) => number {
  const fast = numberAt(expression, columns);
  const slowly = once(expression, columns);
  return (row) => {
    try {
      return fast(row);
    } catch (error) {
      if (error !== INEXACT) throw error;
      const value = slowly(row);
      beyond(row, value);
      return value === null ? Number.NaN : Number(value);
    }
  };
}

/** Bound when it is first needed, which is seldom. */
function once(expression: Checked, columns: Columns): ValueAt {
  let bound: ValueAt | null = null;
  return (row) => {
    bound ??= valuesOf(expression, columns);
    return bound(row);
  };
}
