/** Suites over random tables: DuckDB by the statements of the suite, beside plain loops over the same rows. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSuite } from '../../../src/checks/checked-table.ts';
import { openScratchDatabase, type ScratchDatabase } from '../../../src/projections/scratch-database.ts';
import type { ExpectationResult, SuiteResult } from '../../../src/quality/suite/result.ts';
import type { Bounds, SuiteRule } from '../../../src/quality/suite/suite.ts';
import { isBetween, observedNumber, type Row, rowAnswer } from './brute-force.ts';

let database: ScratchDatabase;
beforeAll(async () => {
  database = await openScratchDatabase(2);
});
afterAll(() => database.close());

const NOW = Date.parse('2024-03-01T12:30:00Z');

async function run(relation: string, ...rules: readonly SuiteRule[]): Promise<SuiteResult> {
  const suite = { name: 's', expectations: rules.map((rule) => ({ rule, severity: 'critical' as const })) };
  return runSuite(suite, { relation, rows: database.rows }, NOW);
}

async function only(relation: string, rule: SuiteRule): Promise<ExpectationResult> {
  const [result] = (await run(relation, rule)).results;
  if (result === undefined) throw new Error('no result');
  return result;
}

const number = fc.option(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -3, max: 3 }) }, fc.constant(Number.NaN)));
const row = fc.record({ a: number, b: number, s: fc.option(fc.constantFrom('', 'a', 'ab', 'B', 'ä€😀', "it's")) });
const bound = fc.option(fc.integer({ min: -3, max: 3 }));
const bounds = fc.record({ min_value: bound, max_value: bound, strict_min: fc.boolean(), strict_max: fc.boolean() });
const mostly = fc.constantFrom(1, 0.75, 0.5, 0);
const ignorePairs = fc.constantFrom('both_values_are_missing', 'either_value_is_missing', 'neither');
const ignoreRows = fc.constantFrom('all_values_are_missing', 'any_value_is_missing', 'never');
const of = <T extends string, F extends object>(type: T, fields: fc.Arbitrary<F>) =>
  fc.tuple(fields, mostly).map(([own, share]) => ({ type, ...own, mostly: share }));
const column = fc.record({ column: fc.constantFrom('a', 's') });
const numbers = fc.constant({ column: 'a' });
const both = <A extends object, B extends object>(one: fc.Arbitrary<A>, other: fc.Arbitrary<B>) =>
  fc.tuple(one, other).map(([a, b]) => ({ ...a, ...b }));
const sets = both(column, fc.record({ value_set: fc.constantFrom([1, 2], ['a', "it's"], ['a', 1], [0.5]) }));
const texts = both(
  fc.constant({ column: 's' }),
  fc.record({ regex: fc.constantFrom('^a', 'b$', 'ä.', "'", '^$', '[A-Z]') }),
);
const strictly = both(numbers, fc.record({ strictly: fc.boolean() }));
const pair = both(fc.constant({ column_A: 'a', column_B: 'b' }), fc.record({ ignore_row_if: ignorePairs }));

const rowRules = fc.tuple(
  of('expect_column_values_to_not_be_null', column),
  of('expect_column_values_to_be_null', column),
  of('expect_column_values_to_be_unique', column),
  of('expect_column_values_to_be_between', both(numbers, bounds)),
  of('expect_column_value_lengths_to_be_between', both(fc.constant({ column: 's' }), bounds)),
  of('expect_column_values_to_be_in_set', sets),
  of('expect_column_values_to_not_be_in_set', sets),
  of('expect_column_values_to_match_regex', texts),
  of('expect_column_values_to_not_match_regex', texts),
  of('expect_column_values_to_be_increasing', strictly),
  of('expect_column_values_to_be_decreasing', strictly),
  of('expect_column_pair_values_a_to_be_greater_than_b', both(pair, fc.record({ or_equal: fc.boolean() }))),
  of('expect_column_pair_values_to_be_equal', pair),
  of(
    'expect_compound_columns_to_be_unique',
    both(
      fc.constantFrom({ column_list: ['a', 's'] }, { column_list: ['a', 'b'] }),
      fc.record({ ignore_row_if: ignoreRows }),
    ),
  ),
);

const NUMBERS = ['min', 'max', 'mean', 'median', 'stdev', 'sum'] as const;

/** The rows as a table that keeps their order. */
async function tableOf(rows: readonly Row[]): Promise<string> {
  const literal = (value: number | string | null | undefined): string => {
    if (typeof value === 'number') return Number.isNaN(value) ? "'nan'" : String(value);
    return value == null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
  };
  await database.rows('CREATE OR REPLACE TABLE t (a DOUBLE, b DOUBLE, s VARCHAR)');
  const values = rows.map(({ a, b, s }) => `(${literal(a)}, ${literal(b)}, ${literal(s)})`);
  if (values.length > 0) await database.rows(`INSERT INTO t VALUES ${values.join(', ')}`);
  return '"t"';
}

/** Rows whose NaN is null, as results have them. */
function plain(rows: readonly Row[]): Row[] {
  return rows.map((each) =>
    Object.fromEntries(Object.entries(each).map(([key, value]) => [key, Number.isNaN(value) ? null : value])),
  );
}

describe('a suite over a random table', () => {
  test('finds of each rule of rows what loops over the rows find', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), rowRules, async (rows, rules) => {
        const { results } = await run(await tableOf(rows), ...rules);
        for (const [i, { result, success, outcome }] of results.entries()) {
          const rule = rules[i]!;
          const { considered, unexpected } = rowAnswer(rule, rows);
          const isMet = considered > 0 && (considered - unexpected.length) / considered >= rule.mostly;
          expect([rule, success]).toEqual([rule, isMet]);
          if (considered === 0) expect(outcome).toBe('warning');
          expect([rule, result.element_count, result.unexpected_count]).toEqual([rule, rows.length, unexpected.length]);
          expect(result.unexpected_percent).toBe(considered === 0 ? null : (unexpected.length / considered) * 100);
          if (!/null$/.test(rule.type)) expect(result.missing_count).toBe(rows.length - considered);
          const columns = 'column' in rule ? [rule.column] : 'column_A' in rule ? ['a', 'b'] : rule.column_list;
          const isPair = 'column_A' in rule;
          const shown = plain(unexpected).map((each) =>
            isPair
              ? [each.a, each.b]
              : columns.length === 1
                ? each[columns[0]!]
                : Object.fromEntries(columns.map((name) => [name, each[name]])),
          );
          const sorted = (values: unknown): string[] =>
            (Array.isArray(values) ? values : []).map((v) => JSON.stringify(v)).sort();
          expect(sorted(result.partial_unexpected_list)).toEqual(sorted(shown));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('finds the numbers of a column that loops find', async () => {
    const types = [
      ...NUMBERS.map((word) => `expect_column_${word}_to_be_between` as const),
      'expect_column_unique_value_count_to_be_between' as const,
      'expect_column_proportion_of_unique_values_to_be_between' as const,
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), bounds, async (rows, own: Bounds) => {
        const { results } = await run(await tableOf(rows), ...types.map((type) => ({ type, column: 'a', ...own })));
        const values = rows.flatMap(({ a }) => (a === null || Number.isNaN(a) ? [] : [a]));
        for (const [i, { success, result, outcome }] of results.entries()) {
          const type = types[i]!;
          const wanted = observedNumber(type, values);
          if (wanted === null) {
            expect([type, outcome, result.observed_value]).toEqual([type, 'warning', null]);
            continue;
          }
          expect(Number(result.observed_value)).toBeCloseTo(wanted, 9);
          expect([type, success]).toEqual([type, isBetween(Number(result.observed_value), own)]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a suite', () => {
  test('of twenty expectations on five columns is one scan and a look at each that was not met', async () => {
    const seen: string[] = [];
    const rows = async (sql: string) => {
      seen.push(sql);
      return database.rows(sql);
    };
    const relation = await tableOf([{ a: 1, b: 2, s: 'x' }]);
    const between = (max: number) => ({
      type: 'expect_column_values_to_be_between' as const,
      ...{ column: 'a', min_value: 0, max_value: max, strict_min: false, strict_max: false, mostly: 1 },
    });
    const rules = Array.from({ length: 20 }, (_, i) => between(i));
    const expectations = rules.map((rule) => ({ rule, severity: 'critical' as const }));
    const { statistics } = await runSuite({ name: 's', expectations }, { relation, rows }, NOW);
    expect(statistics).toMatchObject({ evaluated_expectations: 20, successful_expectations: 19, success_percent: 95 });
    expect(seen.length).toBe(3);
  });

  test('warns of a table without rows, and does not succeed', async () => {
    const relation = await tableOf([]);
    const { success, outcome, results } = await run(relation, {
      type: 'expect_column_values_to_be_unique',
      column: 'a',
      mostly: 1,
    });
    expect({ success, outcome }).toEqual({ success: false, outcome: 'warning' });
    expect(results[0]?.message).toBe('there are no rows, so nothing was judged');
  });

  test('whose expectation is of a column that is gone names the nearest, and judges the others', async () => {
    const relation = await tableOf([{ a: 1, b: 1, s: 'x' }]);
    const { results, outcome } = await run(
      relation,
      { type: 'expect_column_values_to_not_be_null', column: 'aa', mostly: 1 },
      { type: 'expect_column_values_to_not_be_null', column: 'a', mostly: 1 },
      { type: 'expect_column_values_to_be_in_type_list', column: 'a', type_list: ['strng'] },
      { type: 'unexpected_rows_expectation', unexpected_rows_query: 'SELEC 1', description: null },
    );
    expect(outcome).toBe('failed');
    expect(results.map(({ success, exception_info: { raised_exception: raised } }) => [success, raised])).toEqual([
      [false, true],
      [true, false],
      [false, true],
      [false, true],
    ]);
    expect(results[0]?.message).toBe('there is no column "aa"; did you mean a?');
    expect(results[2]?.message).toBe('there is no type "strng"; did you mean string?');
  });

  test('keeps a warning from failing it', async () => {
    const relation = await tableOf([{ a: null, b: 1, s: 'x' }]);
    const rule = { type: 'expect_column_values_to_not_be_null' as const, column: 'a', mostly: 1 };
    const suite = { name: 's', expectations: [{ rule, severity: 'warning' as const }] };
    const result = await runSuite(suite, { relation, rows: database.rows }, NOW);
    expect([result.success, result.outcome]).toEqual([false, 'warning']);
  });

  test('of custom SQL is given the table for {batch}, and shows rows that the statement finds', async () => {
    const relation = await tableOf([
      { a: 1, b: 2, s: 'x' },
      { a: 3, b: 2, s: 'y' },
    ]);
    const query = 'SELECT s FROM {batch} WHERE a > b;';
    const found = await only(relation, {
      type: 'unexpected_rows_expectation',
      unexpected_rows_query: query,
      description: 'a ≤ b',
    });
    expect(found.message).toBe('1 rows: a ≤ b');
    expect(found.result).toEqual({ observed_value: 1, details: { unexpected_rows: [{ s: 'y' }] } });
  });

  test('compares longs digit by digit, and times whatever way they are written', async () => {
    const relation = `(SELECT 9007199254740993::BIGINT AS id, TIMESTAMP '2024-01-01 00:00:00' AS at)`;
    const bare = { strict_min: false, strict_max: false };
    const all = { ...bare, mostly: 1 };
    const { results } = await run(
      relation,
      { type: 'expect_column_max_to_be_between', column: 'id', min_value: null, max_value: 2 ** 53, ...bare },
      {
        type: 'expect_column_values_to_be_between',
        column: 'at',
        min_value: '2024-01-01',
        max_value: '2024-01-01T01:00:00+01:00',
        ...all,
      },
      { type: 'expect_column_values_to_be_between', column: 'at', min_value: 'soon', max_value: null, ...all },
    );
    expect(results.map(({ success }) => success)).toEqual([false, true, false]);
    expect(results[2]?.message).toBe(`min_value "soon" can't be compared with at, which is TIMESTAMP`);
  });
});
