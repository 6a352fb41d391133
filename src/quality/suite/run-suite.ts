/**
 * Runs a suite over a table: one scan for all expectations together, one statement more for each that needs one, and
 * one for the rows of each that was not met. The caller runs the SQL, on any engine that speaks DuckDB's: this file is
 * a generator of statements that is given their rows.
 */
import type { Check, Samples, Table } from './check.ts';
import { columnCheck } from './column-check.ts';
import { distributionCheck } from './distribution-check.ts';
import {
  type Cell,
  type ExpectationResult,
  judged,
  PARTIAL_UNEXPECTED_COUNT,
  PASSED,
  type ResultRow,
  raised,
  type SuiteResult,
  suiteResult,
  type Verdict,
} from './result.ts';
import { rowCheck } from './row-check.ts';
import { rowCountCheck, shapeCheck } from './shape-check.ts';
import type { SqlRule, Suite, SuiteExpectation, SuiteRule } from './suite.ts';
import { CheckError } from './table-column.ts';
import { timeCheck } from './time-check.ts';

type Statements<T> = Generator<string, T, readonly ResultRow[] | Error>;

/** Rows that are shown whole. */
const UNEXPECTED_ROWS = 5;
/** Aggregates of one statement: DuckDB plans more of them ever more slowly. */
const AGGREGATES_MAX = 500;

/** An error that is given in the place of rows is that of the statement's expectations. */
export function* suiteStatements(suite: Suite, relation: string, nowMs: number): Statements<SuiteResult> {
  const described = yield `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`;
  if (described instanceof Error) throw described;
  const columns = described.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  const planned = suite.expectations.map((expectation) => {
    const rows = rowsOf(relation, expectation);
    return { expectation, rows, check: checkOf(expectation.rule, { relation: rows, columns, nowMs }) };
  });
  const scans = new Map<string, ReadonlyMap<string, Cell> | Error>();
  for (const rows of new Set(planned.map((each) => each.rows))) {
    const own = planned.filter((each) => each.rows === rows);
    const aggregates = own.flatMap(({ check }) => (check instanceof Error ? [] : check.scan));
    scans.set(rows, yield* scan(aggregates, rows));
  }
  const results: ExpectationResult[] = [];
  for (const { expectation, rows, check } of planned) {
    const scanned = scans.get(rows) ?? new Map();
    if (check instanceof Error) results.push(raised(expectation, check.message));
    else if (scanned instanceof Error) results.push(raised(expectation, scanned.message));
    else results.push(yield* resultOf(expectation, check, scanned));
  }
  return suiteResult(suite, results);
}

/** Expectations about the same rows share a scan. */
function rowsOf(relation: string, { rowCondition }: SuiteExpectation): string {
  return rowCondition === undefined ? relation : `(SELECT * FROM ${relation} WHERE ${rowCondition})`;
}

function checkOf(rule: SuiteRule, table: Table): Check | CheckError {
  try {
    return planOf(rule, table);
  } catch (error) {
    if (error instanceof CheckError) return error;
    throw error;
  }
}

function planOf(rule: SuiteRule, table: Table): Check {
  switch (rule.type) {
    case 'expect_table_row_count_to_be_between':
    case 'expect_table_row_count_to_equal':
      return rowCountCheck(rule);
    case 'expect_column_to_exist':
    case 'expect_table_columns_to_match_set':
    case 'expect_table_columns_to_match_ordered_list':
    case 'expect_table_column_count_to_be_between':
    case 'expect_table_schema_to_match':
    case 'expect_column_values_to_be_of_type':
    case 'expect_column_values_to_be_in_type_list':
      return shapeCheck(rule, table);
    case 'expect_column_kl_divergence_to_be_less_than':
    case 'expect_column_psi_to_be_less_than':
      return distributionCheck(rule, table);
    case 'expect_table_to_be_fresh':
    case 'expect_table_row_count_to_match_past_weeks':
      return timeCheck(rule, table);
    case 'unexpected_rows_expectation':
      return sqlCheck(rule, table);
    default:
      return 'mostly' in rule ? rowCheck(rule, table) : columnCheck(rule, table);
  }
}

function sqlCheck({ unexpected_rows_query: query, description }: SqlRule, { relation, columns }: Table): Check {
  const statement = query.trim().replace(/;$/, '').replaceAll('{batch}', relation);
  return {
    scan: [],
    statement: `SELECT count(*) AS n FROM (${statement})`,
    samples: { statement: `SELECT * FROM (${statement})`, columns: columns.map(({ name }) => name), as: 'record' },
    judge(_, [row]) {
      const found = Number(row?.n ?? 0);
      const result = { observed_value: found };
      if (found === 0) return { ...PASSED, result };
      return {
        outcome: 'failed',
        message: `${found} rows: ${description ?? 'the statement should find none'}`,
        result,
      };
    },
  };
}

/** The value of each aggregate, by its text. */
function* scan(aggregates: readonly string[], relation: string): Statements<ReadonlyMap<string, Cell> | Error> {
  const texts = [...new Set(aggregates)];
  const values = new Map<string, Cell>();
  for (let from = 0; from < texts.length; from += AGGREGATES_MAX) {
    const some = texts.slice(from, from + AGGREGATES_MAX);
    const rows = yield `SELECT ${some.map((text, i) => `${text} AS a${i}`).join(', ')} FROM ${relation}`;
    if (rows instanceof Error) return rows;
    for (const [i, text] of some.entries()) values.set(text, rows[0]?.[`a${i}`] ?? null);
  }
  return values;
}

function* resultOf(
  expectation: SuiteExpectation,
  check: Check,
  scanned: ReadonlyMap<string, Cell>,
): Statements<ExpectationResult> {
  const rows = check.statement === null ? [] : yield check.statement;
  if (rows instanceof Error) return raised(expectation, rows.message);
  const verdict = check.judge(
    check.scan.map((text) => scanned.get(text) ?? null),
    rows,
  );
  const isRowRule = 'mostly' in expectation.rule;
  const unexpected = Number(verdict.result[isRowRule ? 'unexpected_count' : 'observed_value'] ?? 0);
  if (check.samples === null) return judged(expectation, verdict);
  if (!(unexpected > 0)) return judged(expectation, withSamples(verdict, check.samples, [], isRowRule));
  const found = yield `${check.samples.statement} LIMIT ${PARTIAL_UNEXPECTED_COUNT}`;
  return judged(expectation, withSamples(verdict, check.samples, found instanceof Error ? [] : found, isRowRule));
}

function withSamples(
  verdict: Verdict,
  { columns, as }: Samples,
  rows: readonly ResultRow[],
  isRowRule: boolean,
): Verdict {
  const unexpected_rows = rows.slice(0, UNEXPECTED_ROWS);
  if (!isRowRule) return { ...verdict, result: { ...verdict.result, details: { unexpected_rows } } };
  const values = rows.map((row) => {
    const own = columns.map((column) => row[column] ?? null);
    if (as === 'value') return own[0] ?? null;
    return as === 'pair' ? own : Object.fromEntries(columns.map((column, i) => [column, own[i]]));
  });
  return {
    ...verdict,
    result: {
      ...verdict.result,
      partial_unexpected_list: values,
      // Records are counted by their values alone, as there.
      partial_unexpected_counts: countsOf(
        as === 'record' ? rows.map((row) => columns.map((column) => row[column] ?? null)) : values,
      ),
      unexpected_rows,
    },
  };
}

/** Of the values that are shown, the most frequent first. */
function countsOf(values: readonly unknown[]): { readonly value: unknown; readonly count: number }[] {
  const counts = new Map<string, { value: unknown; count: number }>();
  for (const value of values) {
    const key = JSON.stringify(value);
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { value, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
