/** One expectation of a suite: checked as it is read, and written back as a file has it. */
import type { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { linearPattern, PatternError } from '../../quality/linear-pattern.ts';
import type { SuiteExpectation, SuiteRule } from '../../quality/suite/suite.ts';
import type { expectationForm } from './suite-forms.ts';

/** The rule of an entry; null when the entry is wrong. */
export function writtenRule(
  { severity, row_condition: rowCondition, ...rules }: z.output<typeof expectationForm>,
  report: Report,
): SuiteExpectation | null {
  const [rule, ...more] = Object.values(rules).filter((each) => each !== undefined);
  if (rule === undefined) {
    report([], 'must say what is expected, such as expect_column_values_to_not_be_null: { column: place }');
    return null;
  }
  for (const { type } of more) report([type], 'stands beside another expectation: give each a dash of its own');
  checkRule(rule, (path, message) => report([rule.type, ...path], message));
  if (rowCondition === undefined) return { rule, severity };
  if (isOfColumns(rule)) report(['row_condition'], `says which rows, and ${rule.type} looks at no rows`);
  return { rule, severity, rowCondition };
}

/** Whether a rule is about the table's columns, whatever rows the table has. */
function isOfColumns({ type }: SuiteRule): boolean {
  return (
    type === 'expect_column_to_exist' ||
    type === 'expect_table_schema_to_match' ||
    type === 'expect_column_values_to_be_of_type' ||
    type === 'expect_column_values_to_be_in_type_list' ||
    type.startsWith('expect_table_column')
  );
}

function checkRule(rule: SuiteRule, report: Report): void {
  if ('regex' in rule) {
    try {
      linearPattern(rule.regex);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      report(['regex'], error.message);
    }
  }
  if (rule.type === 'expect_column_psi_to_be_less_than' && rule.weights.length !== rule.bins.length + 1) {
    report(['weights'], 'must have one number more than bins');
  }
  if (!('min_value' in rule && 'max_value' in rule)) return;
  const { min_value: min, max_value: max } = rule;
  if (min === null && max === null) report([], 'needs min_value, max_value or both');
  if (typeof min === 'number' && typeof max === 'number' && min > max) report(['min_value'], 'is above max_value');
}

/** The rule as a file has it. */
export function printRule(rule: SuiteRule): Readonly<Record<string, unknown>> {
  if (rule.type === 'expect_table_to_be_fresh') {
    const written = (ms: number | null): string | null => (ms === null ? null : formatDuration(ms));
    return { column: rule.column, warn_after: written(rule.warnAfterMs), error_after: written(rule.errorAfterMs) };
  }
  if (rule.type === 'expect_column_quantile_values_to_be_between') {
    const { column, quantiles, value_ranges } = rule;
    return { column, quantile_ranges: { quantiles, value_ranges } };
  }
  if (rule.type === 'expect_column_kl_divergence_to_be_less_than' && 'bins' in rule.partition_object) {
    const { type: _, partition_object: partition, ...own } = rule;
    const edges = partition.bins.map((edge) => (Number.isFinite(edge) ? edge : edge < 0 ? '-inf' : 'inf'));
    return { ...own, partition_object: { ...partition, bins: edges } };
  }
  const { type: _, ...own } = rule;
  return own;
}
