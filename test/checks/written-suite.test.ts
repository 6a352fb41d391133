/** Suites that were written for Great Expectations, and suites that are proposed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { profileTable, runSuite } from '../../src/checks/checked-table.ts';
import { openFileTable } from '../../src/checks/file-table.ts';
import { suiteYaml } from '../../src/config/suite-text.ts';
import { readSuiteFile } from '../../src/config/written-suite.ts';
import { expectationTitle } from '../../src/quality/suite/junit.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-suite-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test('a suite of Great Expectations is read, of either version, and what is not supported is named', () => {
  const expectations = [
    {
      type: 'expect_column_values_to_be_between',
      kwargs: { column: 'amount', min_value: 0, max_value: null, batch_id: 'x', mostly: 0.9 },
      severity: 'warning',
    },
    { expectation_type: 'expect_column_values_to_be_in_set', kwargs: { column: 'card', value_set: ['a'] } },
    {
      type: 'expect_column_quantile_values_to_be_between',
      kwargs: {
        column: 'amount',
        quantile_ranges: { quantiles: [0.5], value_ranges: [[0, 1]] },
        allow_relative_error: false,
      },
    },
    { type: 'expect_column_values_to_be_json_parseable', kwargs: { column: 'a' } },
    { type: 'expect_column_values_to_not_be_null', kwargs: { column: 'a', row_condition: 'b >> 1' } },
    { type: 'expect_column_values_to_match_regex', kwargs: { column: 'a', regex: '(?=x)' } },
    { type: 'expect_column_values_to_be_in_set', kwargs: { column: 'a' } },
    'no map',
  ];
  const { suites, unsupported } = readSuiteFile(write('gx.json', JSON.stringify({ name: 'orders', expectations })));
  expect(suites.map(({ name }) => name)).toEqual(['orders']);
  expect(suites[0]?.expectations.map(({ rule, severity }) => [rule.type, severity])).toEqual([
    ['expect_column_values_to_be_between', 'warning'],
    ['expect_column_values_to_be_in_set', 'critical'],
    ['expect_column_quantile_values_to_be_between', 'critical'],
  ]);
  expect(suites[0]?.expectations[0]?.rule).toMatchObject({ min_value: 0, max_value: null, mostly: 0.9 });
  expect(unsupported).toEqual([
    expect.stringMatching(/^expectation 4: expect_column_values_to_be_json_parseable is not supported; /),
    'expectation 5: expect_column_values_to_not_be_null: row_condition can\'t be read from character 4 on: "> 1"',
    expect.stringMatching(/^expectation 6: .*looks ahead/),
    'expectation 7: expect_column_values_to_be_in_set: value_set: Invalid input: expected array, received undefined',
    'expectation 8: is no map with a type and kwargs',
  ]);
  expect(() => readSuiteFile(write('no.json', '[]'))).toThrow(/is no suite of Great Expectations/);
  expect(() => readSuiteFile(write('cut.json', '{'))).toThrow(/is no JSON/);
});

test('a proposed suite is met by the table that it was made of, and by no table that has drifted', async () => {
  const rows = Array.from({ length: 2000 }, (_, i) => `${i},${(i * 7919) % 1000},${['x', 'y', 'z'][i % 3]},`);
  const path = write('table.csv', `id,amount,kind,never\n${rows.join('\n')}\n`);
  const table = await openFileTable(path, null);
  const expectations = await profileTable(table);
  const suites = write('suite.yaml', suiteYaml({ name: 'table', on: null, expectations }));
  const [suite] = readSuiteFile(suites).suites;
  expect(suite?.expectations).toEqual(expectations);
  expect(expectations.map(({ rule }) => rule.type)).toEqual([
    'expect_table_row_count_to_be_between',
    'expect_table_schema_to_match',
    'expect_column_values_to_not_be_null',
    'expect_column_values_to_be_unique',
    'expect_column_values_to_not_be_null',
    'expect_column_values_to_be_between',
    'expect_column_psi_to_be_less_than',
    'expect_column_values_to_not_be_null',
    'expect_column_values_to_be_in_set',
  ]);
  expect((await runSuite(suite!, table, 0)).success).toBe(true);
  const drifted = {
    rows: table.rows,
    relation: `(SELECT * REPLACE (CASE WHEN id % 2 = 0 THEN 1 ELSE amount END AS amount) FROM ${table.relation})`,
  };
  const { results } = await runSuite(suite!, drifted, 0);
  await table.close();
  const missed = results.filter(({ success }) => !success);
  expect(missed.map(({ expectation_config: { type }, outcome }) => [type, outcome])).toEqual([
    ['expect_column_psi_to_be_less_than', 'warning'],
  ]);
});

interface Recorded {
  readonly table: Record<string, (number | string | null)[]>;
  readonly suite: object;
  readonly results: Record<string, unknown>[];
}

test('row conditions of Great Expectations look at the rows that it looks at, as it wrote them and found on pandas', async () => {
  const recorded: Recorded = JSON.parse(readFileSync('test/fixtures/great-expectations/conditions.json', 'utf8'));
  const { a = [], b = [], s = [] } = recorded.table;
  const lines = a.map((_, i) => JSON.stringify({ a: a[i], b: b[i], s: s[i] }));
  const table = await openFileTable(write('conditions.jsonl', lines.join('\n')), null);
  const { suites, unsupported } = readSuiteFile(write('conditions.json', JSON.stringify(recorded.suite)));
  expect(unsupported).toEqual([]);
  const { results } = await runSuite(suites[0]!, table, 0);
  await table.close();
  const found = results.map(({ success, result, expectation_config: { kwargs } }) => ({
    success,
    element_count: result.element_count ?? null,
    unexpected_count: result.unexpected_count ?? null,
    observed_value: result.observed_value ?? null,
    of: kwargs.row_condition,
  }));
  expect(found).toEqual(
    recorded.results.map(({ raised: _, ...each }, i) => ({
      ...each,
      of: results[i]?.expectation_config.kwargs.row_condition,
    })),
  );
  expect(new Set(found.map(({ element_count: count }) => count)).size).toBeGreaterThan(4);
});

test('a parameter of Great Expectations has the value that is given, that of the suite, or its own, and is named when it has none', () => {
  const of = (name: string, more = {}) => ({
    type: 'expect_table_row_count_to_be_between',
    kwargs: { min_value: { $PARAMETER: name, ...more }, max_value: 9 },
  });
  const written = { name: 's', suite_parameters: { low: 1, other: 2 }, expectations: [] as object[] };
  written.expectations = [of('low'), of('other'), of('late', { '$PARAMETER.late': 3 }), of('none'), of('low * 2')];
  const { suites, unsupported } = readSuiteFile(write('parameters.json', JSON.stringify(written)), { low: 5 });
  expect(suites[0]?.expectations.map(({ rule }) => 'min_value' in rule && rule.min_value)).toEqual([5, 2, 3]);
  expect(unsupported).toEqual([
    'expectation 4: expect_table_row_count_to_be_between: $PARAMETER none has no value: give it with --param none=VALUE',
    'expectation 5: expect_table_row_count_to_be_between: $PARAMETER "low * 2" is an expression, which is not supported',
  ]);
});

test('a condition in SQL holds for one expectation of a suite, is in its title, and is refused where no rows are looked at', async () => {
  const path = write('rows.csv', 'kind,n\nx,1\nx,2\ny,\n');
  const yaml = (rule: string, condition: string) =>
    write(
      'where.yaml',
      `checks:\n  where:\n    - { ${rule}, row_condition: "${condition}" }\n    - { expect_column_values_to_not_be_null: { column: n } }\n`,
    );
  const table = await openFileTable(path, null);
  const [suite] = readSuiteFile(yaml('expect_column_values_to_not_be_null: { column: n }', "kind = 'x'")).suites;
  const { results } = await runSuite(suite!, table, 0);
  expect(results.map((each) => [each.success, expectationTitle(each)])).toEqual([
    [true, "expect_column_values_to_not_be_null(n) where kind = 'x'"],
    [false, 'expect_column_values_to_not_be_null(n)'],
  ]);
  expect(suiteYaml({ ...suite!, on: null })).toContain("row_condition: kind = 'x'");
  const [wrong] = readSuiteFile(yaml('expect_column_values_to_not_be_null: { column: n }', 'knd = 1')).suites;
  const failed = (await runSuite(wrong!, table, 0)).results;
  expect(failed.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  expect(failed[0]?.message).toContain('knd');
  expect(failed[1]?.message).toContain('are null');
  await table.close();
  expect(() => readSuiteFile(yaml('expect_column_to_exist: { column: n }', 'n > 1'))).toThrow(/looks at no rows/);
});
