/**
 * Proposes a suite from a table: expectations that all of its rows meet today. The suite is a draft for people, who
 * know which expectations are rules. So it has bounds as they were found, and leaves out columns that look like names
 * or free text.
 */

import { quotedName } from '../../sql-quotes.ts';
import { numberOf } from './check.ts';
import type { ResultRow } from './result.ts';
import type { Severity, SuiteExpectation, SuiteRule } from './suite.ts';
import { type Family, familyOf, type TableColumn, valueSql } from './table-column.ts';

type Statements<T> = Generator<string, T, readonly ResultRow[]>;

interface ColumnFacts {
  readonly column: TableColumn;
  readonly family: Family;
  readonly rows: number;
  readonly present: number;
  readonly distinct: number;
  readonly min: ResultRow[string];
  readonly max: ResultRow[string];
}

/** Fewer values than this may be a set, when rows repeat them. */
const SET_MAX = 20;
const REPEATS_MIN = 10;
/** With fewer values nothing is said of a distribution. */
const DISTRIBUTION_MIN = 1000;
const DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export function* profileStatements(relation: string): Statements<readonly SuiteExpectation[]> {
  const described = yield `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`;
  const columns = described.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  const aggregates = columns.flatMap((column, i) => {
    const value = valueSql(column);
    const hasOrder = familyOf(column) !== 'other';
    const extremes = hasOrder ? [`min(${value}) AS min${i}`, `max(${value}) AS max${i}`] : [];
    return [`count(${value}) AS n${i}`, `count(DISTINCT ${value}) AS d${i}`, ...extremes];
  });
  const [found] = yield `SELECT count(*) AS rows, ${aggregates.join(', ')} FROM ${relation}`;
  const rows = numberOf(found?.rows);
  const proposed: SuiteExpectation[] = [
    critical({ type: 'expect_table_row_count_to_be_between', min_value: 1, max_value: null }),
    critical({
      type: 'expect_table_schema_to_match',
      columns: Object.fromEntries(columns.map(({ name, type }) => [name, type])),
      mode: 'evolve',
    }),
  ];
  for (const [i, column] of columns.entries()) {
    proposed.push(
      ...(yield* proposals(relation, {
        column,
        family: familyOf(column),
        rows,
        present: numberOf(found?.[`n${i}`]),
        distinct: numberOf(found?.[`d${i}`]),
        min: found?.[`min${i}`] ?? null,
        max: found?.[`max${i}`] ?? null,
      })),
    );
  }
  return proposed;
}

function* proposals(relation: string, facts: ColumnFacts): Statements<readonly SuiteExpectation[]> {
  const { column, family, rows, present, distinct, min, max } = facts;
  const of = column.name;
  if (present === 0) return [];
  const nulls = presence(of, present / rows);
  const isUnique = present === distinct && present >= REPEATS_MIN && (family === 'integer' || family === 'text');
  if (isUnique) nulls.push(critical({ type: 'expect_column_values_to_be_unique', column: of, mostly: 1 }));
  if (family === 'text' && distinct <= SET_MAX && present >= distinct * REPEATS_MIN) {
    const values =
      yield `SELECT DISTINCT ${quotedName(of)} AS v FROM ${relation} WHERE ${quotedName(of)} IS NOT NULL ORDER BY 1`;
    const value_set = values.map(({ v }) => String(v));
    return [...nulls, critical({ type: 'expect_column_values_to_be_in_set', column: of, value_set, mostly: 1 })];
  }
  const isOfNumbers = family === 'integer' || family === 'float' || family === 'decimal';
  const isBounded = isOfNumbers && !isUnique;
  if (isBounded) {
    const bounds = { min_value: Number(min), max_value: Number(max), strict_min: false, strict_max: false };
    nulls.push(warning({ type: 'expect_column_values_to_be_between', column: of, ...bounds, mostly: 1 }));
  }
  if ((family === 'timestamp' || family === 'date') && min !== null) {
    const bounds = { min_value: String(min), max_value: null, strict_min: false, strict_max: false };
    nulls.push(warning({ type: 'expect_column_values_to_be_between', column: of, ...bounds, mostly: 1 }));
  }
  if (isBounded && present >= DISTRIBUTION_MIN && distinct > SET_MAX)
    nulls.push(...(yield* stability(relation, column, present)));
  return nulls;
}

/** A column that is hardly ever null is allowed what it has; one that often is, anything. */
function presence(column: string, share: number): SuiteExpectation[] {
  if (share < 0.5) return [];
  const mostly = share === 1 ? 1 : Math.floor(share * 100) / 100;
  const rule = { type: 'expect_column_values_to_not_be_null', column, mostly } as const;
  return [share === 1 ? critical(rule) : warning(rule)];
}

/** The reference of the stability index: deciles of today, and what share of the values lies between them. */
function* stability(relation: string, column: TableColumn, present: number): Statements<readonly SuiteExpectation[]> {
  const value = valueSql(column);
  const quantiles = DECILES.map((share, i) => `quantile_disc(${value}, ${share}) AS q${i}`);
  const [row] = yield `SELECT ${quantiles.join(', ')} FROM ${relation}`;
  const bins = [...new Set(DECILES.map((_, i) => Number(row?.[`q${i}`])))];
  const upTo = bins.map((bin, i) => `count(*) FILTER (WHERE ${value} <= ${bin}::DOUBLE) AS c${i}`);
  const [counted] = yield `SELECT ${upTo.join(', ')} FROM ${relation}`;
  const reached = [0, ...bins.map((_, i) => numberOf(counted?.[`c${i}`])), present];
  const weights = reached.slice(1).map((count, i) => Number(((count - (reached[i] ?? 0)) / present).toPrecision(6)));
  const defaults = { warn_above: 0.1, threshold: 0.25, min_count: 200 };
  return [warning({ type: 'expect_column_psi_to_be_less_than', column: column.name, bins, weights, ...defaults })];
}

function critical(rule: SuiteRule): SuiteExpectation {
  return ofSeverity(rule, 'critical');
}

function warning(rule: SuiteRule): SuiteExpectation {
  return ofSeverity(rule, 'warning');
}

function ofSeverity(rule: SuiteRule, severity: Severity): SuiteExpectation {
  return { rule, severity };
}
