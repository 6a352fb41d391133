/**
 * Finds the rows of a block that fail a rule, in one loop over its column that makes nothing for a row that passes. Null
 * passes every rule but notNull. NaN in a column is a number that was not finite, and counts as null.
 */

import type { AvroRecord } from '../messages/avro.ts';
import { type Columns, type TextColumn, valueAt } from '../messages/columns.ts';
import { negation } from '../sql/check-truth.ts';
import { compileCondition } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import { textSet } from '../sql/text-set.ts';
import { SqlError } from '../sql/value.ts';
import type { Rule } from './expectation.ts';
import { createMatches } from './pattern.ts';

/** Returns the failing rows in order. Throws when the block lacks the rule's field. */
export type FailingRows = (columns: Columns) => readonly number[];

/** Throws when the rule's pattern or condition can't be parsed. */
export function failingRows(rule: Rule, schema: AvroRecord): FailingRows {
  switch (rule.kind) {
    case 'notNull':
      return (columns) => nulls(rule.column, columns);
    case 'between': {
      const [min, max] = bounds(rule);
      return numberRule(rule.column, (value) => value < min || value > max);
    }
    case 'lengthBetween': {
      const [min, max] = bounds(rule);
      return textRule(rule.column, (column, row) => {
        const length = codePoints(column, row);
        return length < min || length > max;
      });
    }
    case 'in':
      return membership(rule.column, rule.values);
    case 'matches': {
      const matches = createMatches(rule.pattern);
      return textRule(rule.column, (column, row) => !matches(column, row));
    }
    case 'that': {
      const condition = compileCondition(rule.condition, schema, 'sql', rule.functions);
      const isFalse = negation(condition, condition.at);
      return (columns) => rowsOf(columns.count, failsOrFalse(bindCondition(isFalse, columns)));
    }
  }
}

/** An event that the condition fails on, such as a cast in it, is not as expected. */
function failsOrFalse(isFalse: (row: number) => boolean): (row: number) => boolean {
  return (row) => {
    try {
      return isFalse(row);
    } catch (error) {
      if (error instanceof SqlError) return true;
      throw error;
    }
  };
}

function bounds({ min, max }: { readonly min: number | null; readonly max: number | null }): [number, number] {
  return [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY];
}

function membership(column: string, values: readonly (string | number | boolean)[]): FailingRows {
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length > 0) {
    const has = textSet(texts);
    return textRule(column, (own, row) => !has(own, row));
  }
  // A column has 0 and 1 for booleans.
  const numbers = new Set(values.map(Number));
  return numberRule(column, (value) => !Number.isNaN(value) && !numbers.has(value));
}

const NONE: readonly number[] = [];

function rowsOf(count: number, fails: (row: number) => boolean): readonly number[] {
  let rows: number[] | null = null;
  for (let row = 0; row < count; row++) {
    if (!fails(row)) continue;
    rows ??= [];
    rows.push(row);
  }
  return rows ?? NONE;
}

function numberRule(path: string, fails: (value: number) => boolean): FailingRows {
  return (columns) => {
    const column = columns.column(path);
    if (column?.kind !== 'number') throw new Error(`An expectation takes the field ${path} for a number`);
    const { values, nulls: own } = column;
    return rowsOf(columns.count, (row) => fails(values[row]!) && own?.[row] !== 1);
  };
}

function textRule(path: string, fails: (column: TextColumn, row: number) => boolean): FailingRows {
  return (columns) => {
    const column = columns.column(path);
    // Values that are all null are a column of no type.
    if (column?.kind === 'number' && column.nulls !== null) return NONE;
    if (column?.kind !== 'text') throw new Error(`An expectation takes the field ${path} for text`);
    const { nulls: own } = column;
    return rowsOf(columns.count, (row) => own?.[row] !== 1 && fails(column, row));
  };
}

/** Finds nulls in a field of any kind. */
function nulls(path: string, columns: Columns): readonly number[] {
  const column = columns.column(path);
  if (column === undefined) return rowsOf(columns.count, (row) => valueAt(columns.event(row), path) === null);
  const { nulls: own } = column;
  if (column.kind === 'boxed') return rowsOf(columns.count, (row) => column.at(row) === null);
  if (column.kind === 'text') return own === null ? NONE : rowsOf(columns.count, (row) => own[row] === 1);
  const { values } = column;
  return rowsOf(columns.count, (row) => own?.[row] === 1 || Number.isNaN(values[row]));
}

/** Counts characters of UTF-8: each has exactly one byte that is no continuation byte. */
function codePoints({ bytes, starts, ends }: TextColumn, row: number): number {
  let length = 0;
  for (let at = starts[row]!; at < ends[row]!; at++) if ((bytes[at]! & 0xc0) !== 0x80) length += 1;
  return length;
}
