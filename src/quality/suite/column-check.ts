/** Rules for one number of a column, such as its mean, and for the set of its values. */
import { boundsText, isWithin, withinSql } from './bounds.ts';
import { type Check, numberOf, type Table } from './check.ts';
import { type Cell, PARTIAL_UNEXPECTED_COUNT, PASSED, type Verdict } from './result.ts';
import { memberSql } from './row-check.ts';
import type { Bound, Bounds, ColumnRule } from './suite.ts';
import {
  CheckError,
  columnNamed,
  comparable,
  familyOf,
  literalOf,
  needNumeric,
  type TableColumn,
  valueSql,
} from './table-column.ts';

/** Throws a CheckError. */
export function columnCheck(rule: ColumnRule, table: Table): Check {
  const column = columnNamed(table.columns, rule.column);
  const value = valueSql(column);
  switch (rule.type) {
    case 'expect_column_min_to_be_between':
      return extremeCheck(`min(${value})`, rule, column, 'smallest');
    case 'expect_column_max_to_be_between':
      return extremeCheck(`max(${value})`, rule, column, 'largest');
    case 'expect_column_mean_to_be_between':
      return numberCheck(`avg(${value})`, rule, column, 'mean');
    case 'expect_column_median_to_be_between':
      return numberCheck(`quantile_cont(${value}, 0.5)`, rule, column, 'median');
    case 'expect_column_stdev_to_be_between':
      return numberCheck(`stddev_samp(${value})`, rule, column, 'standard deviation');
    case 'expect_column_sum_to_be_between':
      return numberCheck(`sum(${value})`, rule, column, 'sum');
    case 'expect_column_unique_value_count_to_be_between':
      return distinctCheck(value, rule, 'number of different values', (distinct) => distinct);
    case 'expect_column_proportion_of_unique_values_to_be_between':
      return distinctCheck(value, rule, 'share of different values', (distinct, count) => distinct / count);
    case 'expect_column_quantile_values_to_be_between':
      return quantileCheck(rule, column, value);
    default:
      return setCheck(rule, column, value, table);
  }
}

/** Of any type that has an order. SQL compares, so that no digit of a long is lost. */
function extremeCheck(aggregate: string, rule: Bounds, column: TableColumn, word: string): Check {
  return {
    scan: [aggregate, withinSql(aggregate, rule, column)],
    statement: null,
    samples: null,
    judge: ([found, isOk]) => observed(found ?? null, isOk === true, word, boundsText(rule)),
  };
}

function numberCheck(aggregate: string, rule: Bounds, column: TableColumn, word: string): Check {
  needNumeric(column, `a ${word}`);
  return {
    scan: [aggregate],
    statement: null,
    samples: null,
    judge([found]) {
      const value = found == null ? null : Number(found);
      return observed(value, isWithin(value, rule), word, boundsText(rule));
    },
  };
}

function distinctCheck(
  value: string,
  rule: Bounds,
  word: string,
  of: (distinct: number, count: number) => number,
): Check {
  return {
    scan: [`count(${value})`, `count(DISTINCT ${value})`],
    statement: null,
    samples: null,
    judge([count, distinct]) {
      const found = numberOf(count) === 0 ? null : of(numberOf(distinct), numberOf(count));
      return observed(found, isWithin(found, rule), word, boundsText(rule));
    },
  };
}

/** Without a value there is nothing to judge, which is no success. */
function observed(value: Cell, isOk: boolean, word: string, wanted: string): Verdict {
  const result = { observed_value: value };
  if (value === null) return { outcome: 'warning', message: 'there are no values, so nothing was judged', result };
  return isOk
    ? { ...PASSED, result }
    : { outcome: 'failed', message: `the ${word} is ${value}, not ${wanted}`, result };
}

type QuantileRule = Extract<ColumnRule, { readonly type: 'expect_column_quantile_values_to_be_between' }>;

/** The smallest value that has at least that share of the values at or below it: percentile_disc of SQL. */
function quantileCheck({ quantiles, value_ranges: ranges }: QuantileRule, column: TableColumn, value: string): Check {
  needNumeric(column, 'a quantile');
  for (const [min, max] of ranges) {
    if (min !== null) comparable(min, column, 'value_ranges');
    if (max !== null) comparable(max, column, 'value_ranges');
  }
  return {
    scan: quantiles.map((quantile) => `quantile_disc(${value}, ${quantile})`),
    statement: null,
    samples: null,
    judge(cells) {
      const values = cells.map((cell) => (cell === null ? null : Number(cell)));
      const isMet = values.map((found, i) => {
        return isWithin(found, boundsOf(ranges[i]));
      });
      const result = { observed_value: { quantiles, values }, details: { success_details: isMet } };
      if (values.includes(null))
        return { outcome: 'warning', message: 'there are no values, so nothing was judged', result };
      const wrong = quantiles.flatMap((quantile, i) =>
        isMet[i] === true ? [] : [`the ${quantile} quantile is ${values[i]}, not ${boundsText(boundsOf(ranges[i]))}`],
      );
      return wrong.length === 0 ? { ...PASSED, result } : { outcome: 'failed', message: wrong.join('; '), result };
    },
  };
}

function boundsOf([min_value, max_value]: readonly [Bound, Bound] = [null, null]): Bounds {
  return { min_value, max_value, strict_min: false, strict_max: false };
}

type SetRule = Extract<ColumnRule, { readonly type: `expect_column_distinct_values_to_${string}` }>;

/** Members that are there are counted by number, so that the rows of one statement are few. */
function setCheck(rule: SetRule, column: TableColumn, value: string, { relation }: Table): Check {
  if (familyOf(column) === 'other') throw new CheckError(`${column.name} is ${column.type}, which is in no set`);
  const members = rule.value_set.map((each) => literalOf(each, column));
  const counts = members.map((literal) => (literal === null ? '0' : `count(*) FILTER (WHERE ${value} = ${literal})`));
  const isMember = memberSql(value, rule.value_set, column);
  const needsAll = rule.type !== 'expect_column_distinct_values_to_be_in_set';
  const allowsMore = rule.type === 'expect_column_distinct_values_to_contain_set';
  return {
    scan: [`count(${value})`, ...counts],
    statement: `SELECT DISTINCT ${value} AS v FROM ${relation} WHERE ${value} IS NOT NULL AND NOT ${isMember} LIMIT ${PARTIAL_UNEXPECTED_COUNT}`,
    samples: null,
    judge([count, ...found], rows) {
      const absent = rule.value_set.filter((_, i) => numberOf(found[i]) === 0);
      const others = rows.map(({ v }) => v);
      const there = rule.value_set.filter((_, i) => numberOf(found[i]) > 0);
      const result = { observed_value: [...there, ...others].slice(0, PARTIAL_UNEXPECTED_COUNT) };
      if (numberOf(count) === 0) {
        return { outcome: 'warning', message: 'there are no values, so nothing was judged', result };
      }
      const problems = [
        ...(needsAll && absent.length > 0 ? [`${absent.join(', ')} is not there`] : []),
        ...(!allowsMore && others.length > 0 ? [`${others.join(', ')} is not in the set`] : []),
      ];
      return problems.length === 0
        ? { ...PASSED, result }
        : { outcome: 'failed', message: problems.join('; '), result };
    },
  };
}
