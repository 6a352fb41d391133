/** Suites of expectations, each of a table, a stream or a query; or of whatever it is run on. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { name } from '../../keys/value-schema.ts';
import { recordColumns } from '../../messages/record-columns.ts';
import { nameHint } from '../../nearest-word.ts';
import { linearPattern, PatternError } from '../../quality/linear-pattern.ts';
import type { Suite, SuiteExpectation, SuiteRule } from '../../quality/suite/suite.ts';
import { type Reading, section } from '../section.ts';
import { expectationForm } from './suite-forms.ts';

export interface SuiteConfig extends Suite {
  /** What it is of; null for what a job or a command says. */
  readonly of:
    | { readonly kind: 'stream'; readonly name: string }
    | { readonly kind: 'query'; readonly sql: string }
    | null;
}

const list = z.array(expectationForm).min(1);
const suite = z.union([
  list,
  z.strictObject({
    on: z.string().min(1).optional().describe('The stream, window, join or view that it is of.'),
    query: z.string().min(1).optional().describe('Or a statement of SQL over the analytics store.'),
    expectations: list,
  }),
]);

type RawSuite = z.output<typeof suite>;
type RawExpectation = z.output<typeof expectationForm>;

export const checksSection = section({
  key: 'checks',
  schema: z.record(name, suite).default({}),
  derive: (raw, reading): readonly SuiteConfig[] =>
    Object.entries(raw).map(([own, written]) => suiteOf(own, written, reading)),
  print: (suites) => Object.fromEntries(suites.map((own) => [own.name, printSuite(own)])),
});

function suiteOf(name: string, raw: RawSuite, reading: Reading): SuiteConfig {
  const at = ['checks', name];
  const isList = Array.isArray(raw);
  const expectations = (isList ? raw : raw.expectations).flatMap((each, i) => {
    const place = isList ? [...at, String(i)] : [...at, 'expectations', String(i)];
    return expectationOf(each, (path, message) => reading.report([...place, ...path], message)) ?? [];
  });
  const own = { name, expectations };
  if (isList) return { ...own, of: null };
  const { on, query } = raw;
  if (on !== undefined && query !== undefined) reading.report([...at, 'query'], 'stands beside `on`: name one of them');
  if (query !== undefined) return { ...own, of: { kind: 'query', sql: query } };
  if (on === undefined) return { ...own, of: null };
  const relation = reading.relation(on, [...at, 'on']);
  if (relation !== null) {
    const columns = recordColumns(relation.schema).map(({ path }) => path);
    for (const [i, { rule }] of expectations.entries()) {
      const place = [...at, 'expectations', String(i), rule.type];
      for (const { key, column } of columnsOf(rule)) {
        if (columns.includes(column)) continue;
        reading.report([...place, key], `${on} has no column ${JSON.stringify(column)}; ${nameHint(column, columns)}`);
      }
    }
  }
  return { ...own, of: { kind: 'stream', name: on } };
}

/** Null when it is wrong. */
function expectationOf({ severity, ...rules }: RawExpectation, report: Report): SuiteExpectation | null {
  const [rule, ...more] = Object.values(rules).filter((each) => each !== undefined);
  if (rule === undefined) {
    report([], 'must say what is expected, such as expect_column_values_to_not_be_null: { column: place }');
    return null;
  }
  for (const { type } of more) report([type], 'stands beside another expectation: give each a dash of its own');
  checkRule(rule, (path, message) => report([rule.type, ...path], message));
  return { rule, severity };
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

/** The columns that a rule takes for granted, by the parameter that names them. */
function columnsOf(rule: SuiteRule): { readonly key: string; readonly column: string }[] {
  if (rule.type === 'expect_column_to_exist' || rule.type === 'expect_table_columns_to_match_ordered_list') return [];
  if ('column' in rule) return [{ key: 'column', column: rule.column }];
  if ('column_list' in rule) return rule.column_list.map((column) => ({ key: 'column_list', column }));
  if ('column_A' in rule) {
    return [
      { key: 'column_A', column: rule.column_A },
      { key: 'column_B', column: rule.column_B },
    ];
  }
  return [];
}

function printSuite({ of, expectations }: SuiteConfig): unknown {
  const written = expectations.map(({ rule, severity }) => ({ [rule.type]: printRule(rule), severity }));
  if (of === null) return written;
  return { ...(of.kind === 'stream' ? { on: of.name } : { query: of.sql }), expectations: written };
}

/** As a file has it. */
function printRule(rule: SuiteRule): Readonly<Record<string, unknown>> {
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
