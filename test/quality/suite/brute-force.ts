/** What each expectation comes to, by plain loops over rows: an answer that no SQL had a hand in. */
import type { Bounds, ColumnRule, RowRule } from '../../../src/quality/suite/suite.ts';

export interface Row {
  readonly [column: string]: number | string | null;
}

/** NaN is missing. */
function cell(row: Row, column: string): number | string | null {
  const value = row[column] ?? null;
  return typeof value === 'number' && Number.isNaN(value) ? null : value;
}

export interface RowAnswer {
  readonly considered: number;
  readonly unexpected: readonly Row[];
}

export function rowAnswer(rule: RowRule, rows: readonly Row[]): RowAnswer {
  switch (rule.type) {
    case 'expect_column_pair_values_a_to_be_greater_than_b':
    case 'expect_column_pair_values_to_be_equal': {
      const nulls = (row: Row): number =>
        Number(cell(row, rule.column_A) === null) + Number(cell(row, rule.column_B) === null);
      const ignored = { both_values_are_missing: 2, either_value_is_missing: 1, neither: 3 }[rule.ignore_row_if];
      const left = rows.filter((row) => nulls(row) < ignored);
      return {
        considered: left.length,
        unexpected: left.filter((row) => {
          const [a, b] = [cell(row, rule.column_A), cell(row, rule.column_B)];
          if (a === null || b === null) return true;
          if (rule.type === 'expect_column_pair_values_to_be_equal') return a !== b;
          return rule.or_equal ? a < b : a <= b;
        }),
      };
    }
    case 'expect_compound_columns_to_be_unique': {
      const keyOf = (row: Row): string => JSON.stringify(rule.column_list.map((column) => cell(row, column)));
      const left = rows.filter((row) => {
        const nulls = rule.column_list.filter((column) => cell(row, column) === null).length;
        if (rule.ignore_row_if === 'all_values_are_missing') return nulls < rule.column_list.length;
        return rule.ignore_row_if === 'never' || nulls === 0;
      });
      const times = (row: Row): number => left.filter((other) => keyOf(other) === keyOf(row)).length;
      return { considered: left.length, unexpected: left.filter((row) => times(row) > 1) };
    }
    case 'expect_column_values_to_not_be_null':
      return { considered: rows.length, unexpected: rows.filter((row) => cell(row, rule.column) === null) };
    case 'expect_column_values_to_be_null':
      return { considered: rows.length, unexpected: rows.filter((row) => cell(row, rule.column) !== null) };
  }
  const { column } = rule;
  const left = rows.filter((row) => cell(row, column) !== null);
  const values = left.map((row) => cell(row, column) ?? 0);
  return { considered: left.length, unexpected: left.filter((_, i) => !isExpected(rule, values, i)) };
}

type ValueRule = Exclude<
  Extract<RowRule, { readonly column: string }>,
  { readonly type: 'expect_column_values_to_not_be_null' | 'expect_column_values_to_be_null' }
>;

function isExpected(rule: ValueRule | RowRule, values: readonly (number | string)[], i: number): boolean {
  const value = values[i] ?? 0;
  const before = values[i - 1];
  switch (rule.type) {
    case 'expect_column_values_to_be_unique':
      return values.filter((other) => other === value).length === 1;
    case 'expect_column_values_to_be_between':
      return isBetween(value, rule);
    case 'expect_column_value_lengths_to_be_between':
      return isBetween([...String(value)].length, rule);
    case 'expect_column_values_to_be_in_set':
      return rule.value_set.includes(value);
    case 'expect_column_values_to_not_be_in_set':
      return !rule.value_set.includes(value);
    case 'expect_column_values_to_match_regex':
      return new RegExp(rule.regex, 'u').test(String(value));
    case 'expect_column_values_to_not_match_regex':
      return !new RegExp(rule.regex, 'u').test(String(value));
    case 'expect_column_values_to_be_increasing':
      return before === undefined || value > before || (!rule.strictly && value === before);
    case 'expect_column_values_to_be_decreasing':
      return before === undefined || value < before || (!rule.strictly && value === before);
    default:
      throw new Error(`${rule.type} is of no value`);
  }
}

export function isBetween(value: number | string, { min_value, max_value, strict_min, strict_max }: Bounds): boolean {
  if (min_value !== null && (value < min_value || (strict_min && value === min_value))) return false;
  return max_value === null || !(value > max_value || (strict_max && value === max_value));
}

type NumberRule = Extract<ColumnRule, { readonly min_value: unknown }>;

/** Null without values. */
export function observedNumber(type: NumberRule['type'], given: readonly number[]): number | null {
  const values = given.toSorted((a, b) => a - b);
  const n = values.length;
  if (n === 0) return null;
  const sum = values.reduce((all, value) => all + value, 0);
  const distinct = new Set(values).size;
  switch (type) {
    case 'expect_column_min_to_be_between':
      return values[0] ?? null;
    case 'expect_column_max_to_be_between':
      return values[n - 1] ?? null;
    case 'expect_column_mean_to_be_between':
      return sum / n;
    case 'expect_column_sum_to_be_between':
      return sum;
    case 'expect_column_median_to_be_between':
      return ((values[Math.ceil(n / 2) - 1] ?? 0) + (values[Math.floor(n / 2)] ?? 0)) / 2;
    case 'expect_column_stdev_to_be_between':
      return n === 1 ? null : Math.sqrt(values.reduce((all, value) => all + (value - sum / n) ** 2, 0) / (n - 1));
    case 'expect_column_unique_value_count_to_be_between':
      return distinct;
    case 'expect_column_proportion_of_unique_values_to_be_between':
      return distinct / n;
  }
}
