/** Suites of expectations, each of a table, a stream or a query; or of whatever it is run on. */
import { z } from 'zod';
import type { JobAlerts } from '../../jobs/job.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name, timer } from '../../keys/value-schema.ts';
import { SERVICE_ALERTS } from '../../messages/check-facts.ts';
import { recordColumns } from '../../messages/record-columns.ts';
import { nameHint } from '../../nearest-word.ts';
import type { Suite, SuiteRule } from '../../quality/suite/suite.ts';
import { isBuiltinTable } from '../../tables.ts';
import { type Reading, section } from '../section.ts';
import { isWatched } from './job-alert.ts';
import { storesSection } from './stores.ts';
import { streamsSection } from './streams.ts';
import { expectationForm } from './suite-forms.ts';
import { printRule, writtenRule } from './written-rule.ts';

export interface SuiteConfig extends Suite {
  /** What the suite is held against; null where a job or a command says it. */
  readonly of:
    | { readonly kind: 'stream'; readonly name: string }
    | { readonly kind: 'query'; readonly sql: string }
    | null;
  /** While the service runs, the suite is held against its table once in this period; null for never. */
  readonly everyMs: number | null;
  /** For a stream, how long a time up to the end of the period its events are from; null for all events. */
  readonly overMs: number | null;
}

/** What a suite is held against, as a step of a job writes it. */
export function suiteOn(of: SuiteConfig['of']): string | null {
  return of === null ? null : of.kind === 'stream' ? of.name : of.sql;
}

const list = z.array(expectationForm).min(1);
const suite = z.union([
  list,
  z.strictObject({
    on: z.string().min(1).optional().describe('The stream, window, join or view that it is of.'),
    query: z.string().min(1).optional().describe('Or a statement of SQL over the analytics store.'),
    every: timer.optional().describe('While the service runs, it is checked in this period.'),
    over: duration.optional().describe('Of a stream: the events of this last time, and not all.'),
    expectations: list,
  }),
]);

type RawSuite = z.output<typeof suite>;

export const checksSection = section({
  key: 'checks',
  schema: z.record(name, suite).default({}),
  outputs: (suites: readonly SuiteConfig[]) => (raisesAlerts({ checks: suites }) ? [SERVICE_ALERTS] : []),
  derive: (raw, reading): readonly SuiteConfig[] =>
    Object.entries(raw).map(([own, written]) => suiteOf(own, written, reading)),
  print: (suites) => Object.fromEntries(suites.map((own) => [own.name, printSuite(own)])),
});

/** Whether the configuration watches anything that people are told of when it changes. */
export function raisesAlerts({
  checks,
  jobs = [],
}: {
  readonly checks: readonly SuiteConfig[];
  readonly jobs?: readonly { readonly alert: JobAlerts }[];
}): boolean {
  return checks.some(({ everyMs }) => everyMs !== null) || jobs.some(isWatched);
}

function suiteOf(name: string, raw: RawSuite, reading: Reading): SuiteConfig {
  const at = ['checks', name];
  const isList = Array.isArray(raw);
  const expectations = (isList ? raw : raw.expectations).flatMap((each, i) => {
    const place = isList ? [...at, String(i)] : [...at, 'expectations', String(i)];
    return writtenRule(each, (path, message) => reading.report([...place, ...path], message)) ?? [];
  });
  const own = { name, expectations };
  if (isList) return { ...own, of: null, everyMs: null, overMs: null };
  const { on, query } = raw;
  const time = scheduleOf(raw, at, reading);
  if (on !== undefined && query !== undefined) reading.report([...at, 'query'], 'stands beside `on`: name one of them');
  if (query !== undefined) return { ...own, ...time, of: { kind: 'query', sql: query } };
  if (on === undefined) return { ...own, ...time, of: null };
  const columns = isBuiltinTable(on) ? null : columnsOn(on, at, reading);
  for (const [i, { rule }] of columns === null ? [] : expectations.entries()) {
    const place = [...at, 'expectations', String(i), rule.type];
    for (const { key, column } of columnsOf(rule)) {
      if (columns === null || columns.includes(column)) continue;
      reading.report([...place, key], `${on} has no column ${JSON.stringify(column)}; ${nameHint(column, columns)}`);
    }
  }
  return { ...own, ...time, of: { kind: 'stream', name: on } };
}

type RawMap = Exclude<RawSuite, readonly unknown[]>;

function scheduleOf({ on, query, every, over }: RawMap, at: readonly string[], reading: Reading) {
  const { report } = reading;
  const isOfStream = on !== undefined && streamsSection.streamNames(reading).includes(on);
  if (every !== undefined && on === undefined && query === undefined) {
    report([...at, 'every'], 'needs to know of what: name it with `on` or `query`');
  }
  if (every !== undefined && every < 1000) report([...at, 'every'], 'must be at least 1s');
  if (every !== undefined && !storesSection.of(reading).on.includes('duckdb')) {
    report([...at, 'every'], 'asks the analytics store, which `stores: { duckdb: false }` switches off');
  }
  if (over !== undefined && (!isOfStream || every === undefined)) {
    report([...at, 'over'], 'is for a suite `on` a stream that is checked `every` so often');
  }
  return { everyMs: every ?? null, overMs: over ?? null };
}

/** The columns of a stream; null where the table knows them. */
function columnsOn(name: string, at: readonly string[], reading: Reading): readonly string[] | null {
  const relation = reading.relation(name, [...at, 'on']);
  const stream = streamsSection.of(reading).find((each) => each.name === name);
  if (relation === null || stream === undefined) return null;
  const fields = recordColumns(relation.schema).map(({ path }) => path);
  return stream.builtin === null ? [...fields, 'partition', 'log_offset'] : fields;
}

/** The columns that a rule needs, by the parameter that names them. */
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

function printSuite({ of, everyMs, overMs, expectations }: SuiteConfig): unknown {
  const written = expectations.map(({ rule, severity, rowCondition }) => ({
    [rule.type]: printRule(rule),
    severity,
    ...(rowCondition === undefined ? {} : { row_condition: rowCondition }),
  }));
  if (of === null) return written;
  return {
    ...(of.kind === 'stream' ? { on: of.name } : { query: of.sql }),
    ...(everyMs === null ? {} : { every: formatDuration(everyMs) }),
    ...(overMs === null ? {} : { over: formatDuration(overMs) }),
    expectations: written,
  };
}
