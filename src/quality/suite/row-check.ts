/** Rules that each row meets or does not: their conditions as SQL, and Great Expectations' counts of what they find. */

import { quotedName, quotedText } from '../../sql-quotes.ts';
import { linearPattern, PatternError } from '../linear-pattern.ts';
import { boundsText, withinSql } from './bounds.ts';
import { type Check, numberOf, type Table } from './check.ts';
import { PASSED, type Verdict } from './result.ts';
import type { RowRule, SetValue } from './suite.ts';
import { CheckError, columnNamed, familyOf, literalOf, type TableColumn, valueSql } from './table-column.ts';

interface RowCondition {
  readonly columns: readonly string[];
  /** The aggregate that counts the rows that are not left out. */
  readonly considered: string;
  /** The aggregate, or the statement of one number `n`, that counts what is not as expected; and a statement that finds it. */
  readonly unexpected: { readonly aggregate: string } | { readonly statement: string };
  readonly find: string;
  /** In the sentence "3 of 100 are not …". */
  readonly words: string;
}

/** Throws a CheckError for a column that is not there, and for a parameter that can't be of it. */
export function rowCheck(rule: RowRule, table: Table): Check {
  const { columns, considered, unexpected, find, words } = conditionOf(rule, table);
  const hasAggregate = 'aggregate' in unexpected;
  return {
    scan: hasAggregate ? ['count(*)', considered, unexpected.aggregate] : ['count(*)', considered],
    statement: hasAggregate ? null : unexpected.statement,
    judge: ([rows, present, bad], [own]) =>
      rowVerdict(rule, words, {
        rows: numberOf(rows),
        considered: numberOf(present),
        unexpected: numberOf(hasAggregate ? bad : own?.n),
      }),
    samples: { columns, statement: find, as: 'column' in rule ? 'value' : 'column_A' in rule ? 'pair' : 'record' },
  };
}

interface RowCounts {
  readonly rows: number;
  /** Those that are not missing. */
  readonly considered: number;
  readonly unexpected: number;
}

function rowVerdict({ type, mostly }: RowRule, words: string, { rows, considered, unexpected }: RowCounts): Verdict {
  const percent = (count: number, of: number): number | null => (of === 0 ? null : (count / of) * 100);
  const counts = {
    element_count: rows,
    unexpected_count: unexpected,
    unexpected_percent: percent(unexpected, considered),
  };
  const isOfNulls = type === 'expect_column_values_to_not_be_null' || type === 'expect_column_values_to_be_null';
  const result = isOfNulls
    ? counts
    : {
        ...counts,
        missing_count: rows - considered,
        missing_percent: percent(rows - considered, rows),
        unexpected_percent_total: percent(unexpected, rows),
        unexpected_percent_nonmissing: percent(unexpected, considered),
      };
  if (rows === 0) return { outcome: 'warning', message: 'there are no rows, so nothing was judged', result };
  if (considered === 0) {
    return { outcome: 'warning', message: `all ${rows} values are null, so nothing was judged`, result };
  }
  if ((considered - unexpected) / considered >= mostly) return { ...PASSED, result };
  const allowed = mostly === 1 ? '' : `; at most ${Number(((1 - mostly) * 100).toPrecision(6))} % may be`;
  const share = Number(((unexpected / considered) * 100).toPrecision(3));
  return { outcome: 'failed', message: `${unexpected} of ${considered} (${share} %) ${words}${allowed}`, result };
}

function conditionOf(rule: RowRule, table: Table): RowCondition {
  switch (rule.type) {
    case 'expect_column_pair_values_a_to_be_greater_than_b':
    case 'expect_column_pair_values_to_be_equal':
      return pairCondition(rule, table);
    case 'expect_compound_columns_to_be_unique':
      return compoundCondition(rule, table);
    default:
      return columnCondition(rule, columnNamed(table.columns, rule.column), table.relation);
  }
}

type ColumnRowRule = Extract<RowRule, { readonly column: string }>;

/** A condition is null of null, and then finds nothing. */
function columnCondition(rule: ColumnRowRule, column: TableColumn, relation: string): RowCondition {
  const value = valueSql(column);
  const of = (unexpected: string, words: string): RowCondition => ({
    columns: [column.name],
    considered: `count(${value})`,
    unexpected: { aggregate: `count(*) FILTER (WHERE ${unexpected})` },
    find: `SELECT * FROM ${relation} WHERE ${unexpected}`,
    words,
  });
  switch (rule.type) {
    case 'expect_column_values_to_not_be_null':
      return { ...of(`${value} IS NULL`, 'are null'), considered: 'count(*)' };
    case 'expect_column_values_to_be_null':
      return { ...of(`${value} IS NOT NULL`, 'are not null'), considered: 'count(*)' };
    case 'expect_column_values_to_be_unique':
      return { ...of('FALSE', 'are there more than once'), ...repeated([column], `${value} IS NULL`, relation) };
    case 'expect_column_values_to_be_between':
      return of(`NOT (${withinSql(value, rule, column)})`, `are not ${boundsText(rule)}`);
    case 'expect_column_value_lengths_to_be_between': {
      const within = withinSql(`length(${textOf(column)})`, rule, LENGTH);
      return of(`NOT (${within})`, `have a length that is not ${boundsText(rule)}`);
    }
    case 'expect_column_values_to_be_in_set':
      return of(`NOT ${memberSql(value, rule.value_set, column)}`, 'are not in the set');
    case 'expect_column_values_to_not_be_in_set':
      return of(memberSql(value, rule.value_set, column), 'are in the set');
    case 'expect_column_values_to_match_regex':
      return of(`NOT ${matchSql(column, rule.regex)}`, `do not match ${rule.regex}`);
    case 'expect_column_values_to_not_match_regex':
      return of(matchSql(column, rule.regex), `match ${rule.regex}`);
    case 'expect_column_values_to_be_increasing':
    case 'expect_column_values_to_be_decreasing': {
      const isUp = rule.type === 'expect_column_values_to_be_increasing';
      // Of the value before, which is null before the first.
      const isBad = `now ${isUp ? '<' : '>'}${rule.strictly ? '=' : ''} before`;
      const steps = `(SELECT *, ${value} AS now, lag(${value}) OVER () AS before FROM ${relation} WHERE ${value} IS NOT NULL)`;
      return {
        ...of('FALSE', `do not ${isUp ? 'increase' : 'decrease'}`),
        unexpected: { statement: `SELECT count(*) AS n FROM ${steps} WHERE ${isBad}` },
        find: `SELECT * EXCLUDE (now, before) FROM ${steps} WHERE ${isBad}`,
      };
    }
  }
}

/** Rows whose values are there more than once; nulls are equal to each other. */
function repeated(columns: readonly TableColumn[], missing: string, relation: string) {
  const values = columns.map(valueSql).join(', ');
  const present = `${relation} WHERE NOT (${missing})`;
  return {
    unexpected: {
      statement: `SELECT sum(times) AS n FROM (SELECT count(*) AS times FROM ${present} GROUP BY ${values} HAVING count(*) > 1)`,
    },
    find: `SELECT * FROM ${present} QUALIFY count(*) OVER (PARTITION BY ${values}) > 1`,
  };
}

const LENGTH: TableColumn = { name: 'the length', type: 'BIGINT' };

function textOf(column: TableColumn): string {
  const name = quotedName(column.name);
  return column.type === 'VARCHAR' ? name : `${name}::VARCHAR`;
}

/** Values that no value of the column can be equal to are no members. Null of null. */
export function memberSql(value: string, values: readonly SetValue[], column: TableColumn): string {
  if (familyOf(column) === 'other') throw new CheckError(`${column.name} is ${column.type}, which is in no set`);
  const literals = values.flatMap((each) => literalOf(each, column) ?? []);
  return literals.length === 0 ? `(${value} IS NULL AND NULL)` : `(${value} IN (${literals.join(', ')}))`;
}

function matchSql(column: TableColumn, regex: string): string {
  try {
    return `regexp_matches(${textOf(column)}, ${quotedText(linearPattern(regex))})`;
  } catch (error) {
    if (error instanceof PatternError) throw new CheckError(`regex: ${error.message}`);
    throw error;
  }
}

type PairRule = Extract<RowRule, { readonly column_A: string }>;

function pairCondition(rule: PairRule, { columns, relation }: Table): RowCondition {
  const [a, b] = [columnNamed(columns, rule.column_A), columnNamed(columns, rule.column_B)];
  const [one, other] = [valueSql(a), valueSql(b)];
  const isEqual = rule.type === 'expect_column_pair_values_to_be_equal';
  const operator = isEqual ? '=' : rule.or_equal ? '>=' : '>';
  const missing = {
    both_values_are_missing: `${one} IS NULL AND ${other} IS NULL`,
    either_value_is_missing: `${one} IS NULL OR ${other} IS NULL`,
    neither: 'FALSE',
  }[rule.ignore_row_if];
  // A value beside a null is not as expected.
  const unexpected = `NOT (${missing}) AND NOT coalesce(${one} ${operator} ${other}, FALSE)`;
  return {
    columns: [a.name, b.name],
    considered: `count(*) FILTER (WHERE NOT (${missing}))`,
    unexpected: { aggregate: `count(*) FILTER (WHERE ${unexpected})` },
    find: `SELECT * FROM ${relation} WHERE ${unexpected}`,
    words: `have ${a.name} not ${isEqual ? 'equal to' : rule.or_equal ? 'at least' : 'greater than'} ${b.name}`,
  };
}

type CompoundRule = Extract<RowRule, { readonly type: 'expect_compound_columns_to_be_unique' }>;

function compoundCondition({ column_list: list, ignore_row_if: ignore }: CompoundRule, table: Table): RowCondition {
  const columns = list.map((name) => columnNamed(table.columns, name));
  const nulls = columns.map((column) => `${valueSql(column)} IS NULL`);
  const missing = {
    all_values_are_missing: nulls.join(' AND '),
    any_value_is_missing: nulls.join(' OR '),
    never: 'FALSE',
  }[ignore];
  return {
    columns: list,
    considered: `count(*) FILTER (WHERE NOT (${missing}))`,
    words: `have a ${list.join(', ')} that is there more than once`,
    ...repeated(columns, missing, table.relation),
  };
}
