/** Suites of a pipeline file, held against files of every format. */
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import { afterAll, expect, test } from 'vitest';
import { runSuite } from '../../src/checks/checked-table.ts';
import { openFileTable } from '../../src/checks/file-table.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';
import { openScratchDatabase } from '../../src/projections/scratch-database.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-checks-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const SUITE = `
streams: {}
checks:
  readings:
    - { expect_column_values_to_be_between: { column: celsius, min_value: -60, max_value: 60, mostly: 0.5 } }
    - { expect_column_values_to_not_be_null: { column: place }, severity: warning }
    - { expect_column_max_to_be_between: { column: at, max_value: "2024-01-01T12:00:00Z" } }
    - { expect_table_row_count_to_equal: { value: 3 } }
`;

async function outcomes(path: string): Promise<readonly string[]> {
  const [suite] = parseConfig(SUITE, 'p.yaml', {}).checks;
  const table = await openFileTable(path, null);
  try {
    const { results } = await runSuite(suite!, table, 0);
    return results.map(({ outcome, message }) => message ?? outcome);
  } finally {
    await table.close();
  }
}

const WANTED = [
  'passed',
  '1 of 3 (33.3 %) are null',
  'the largest is 2024-01-01 18:00:00, not at most 2024-01-01T12:00:00Z',
  'passed',
];

test('a file of each format gives a suite the same results', async () => {
  const csv = 'place,celsius,at\na,1.5,2024-01-01T00:00:00Z\n,99,2024-01-01T06:00:00Z\nb,,2024-01-01T18:00:00Z\n';
  expect(await outcomes(write('r.csv', csv))).toEqual(WANTED);
  const jsonl = `{"place":"a","celsius":1.5,"at":"2024-01-01T00:00:00Z"}\n{"place":null,"celsius":99,"at":"2024-01-01T06:00:00Z"}\n{"place":"b","celsius":null,"at":"2024-01-01T18:00:00Z"}\n`;
  expect(await outcomes(write('r.jsonl', jsonl))).toEqual(WANTED);
  const parquet = join(directory, 'r.parquet');
  const database = await openScratchDatabase(1);
  await database.rows(`COPY (FROM read_csv('${join(directory, 'r.csv')}', types = {'at': TIMESTAMP})) TO '${parquet}'`);
  database.close();
  expect(await outcomes(parquet)).toEqual(WANTED);
  const container = join(directory, 'r.avro');
  const type = {
    type: 'record',
    name: 'Reading',
    fields: [
      { name: 'place', type: ['null', 'string'] },
      { name: 'celsius', type: ['null', 'double'] },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ],
  };
  const encoder = new avro.streams.BlockEncoder(JSON.parse(JSON.stringify(type)));
  const file = encoder.pipe(createWriteStream(container));
  const hour = (n: number): number => Date.UTC(2024, 0, 1, n);
  encoder.write({ place: 'a', celsius: 1.5, at: hour(0) });
  encoder.write({ place: null, celsius: 99, at: hour(6) });
  encoder.end({ place: 'b', celsius: null, at: hour(18) });
  // The encoder has ended before its bytes are in the file.
  await once(file, 'finish');
  expect(await outcomes(container)).toEqual(WANTED);
});

test('a file with a header that no field could have keeps its titles', async () => {
  const path = write('titles.csv', 'Order Id,n\n1,2\n1,3\n');
  const suite = 'streams: {}\nchecks: { s: [{ expect_column_values_to_be_unique: { column: Order Id } }] }';
  const table = await openFileTable(path, null);
  const { results } = await runSuite(parseConfig(suite, 'p', {}).checks[0]!, table, 0);
  await table.close();
  expect(results[0]?.result.partial_unexpected_list).toEqual([1, 1]);
});

test('no statement of a suite reaches another file', async () => {
  const path = write('plain.csv', 'n\n1\n');
  const query = `SELECT * FROM read_text('${join(directory, 'r.csv')}')`;
  const rule = { type: 'unexpected_rows_expectation' as const, unexpected_rows_query: query, description: null };
  const table = await openFileTable(path, null);
  const { results } = await runSuite({ name: 's', expectations: [{ rule, severity: 'critical' }] }, table, 0);
  await table.close();
  expect(results[0]?.message).toMatch(/disabled by configuration/);
});

function problems(text: string): readonly string[] {
  try {
    parseConfig(text, 'p.yaml', {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, path, message }) => `${line} ${path.replace(/^checks\./, '')}: ${message}`);
  }
}

test('a suite that is wrong in itself is refused with the line, and the word that was meant', () => {
  const text = `
streams: { s: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
checks:
  a:
    - { expect_column_values_to_be_betwen: { column: a } }
    - { expect_column_values_to_be_between: { colum: a } }
    - { expect_column_values_to_match_regex: { column: a, regex: "(" } }
    - { severity: critical }
  b: { on: nowhere, expectations: [{ expect_column_values_to_be_unique: { column: a } }] }
`;
  expect(problems(text)).toEqual([
    '5 a.0.expect_column_values_to_be_betwen: is not a key here; did you mean expect_column_values_to_be_between?',
    '6 a.1.expect_column_values_to_be_between.column: is missing',
    '6 a.1.expect_column_values_to_be_between.colum: is not a key here; did you mean column?',
  ]);
  const second = text.replace(/.*betwen.*\n.*colum:.*\n/, '');
  expect(problems(second)).toEqual([
    expect.stringMatching(/^5 a\.0\.expect_column_values_to_match_regex\.regex: Invalid regular expression/),
    '6 a.1: must say what is expected, such as expect_column_values_to_not_be_null: { column: place }',
    '7 b.on: there is no stream "nowhere"; known: s',
  ]);
  const third = text
    .replace(/ {2}a:\n( {4}.*\n)+/, '')
    .replace('nowhere', 's')
    .replace('column: a', 'column: plase');
  expect(problems(third)).toEqual([
    '4 b.expectations.0.expect_column_values_to_be_unique.column: s has no column "plase"; did you mean place?',
  ]);
});

test('a printed suite reads back as the same', () => {
  const text = `
streams: {}
checks:
  a:
    - { expect_table_to_be_fresh: { column: at, warn_after: 90m, error_after: 1d }, severity: warning }
    - { expect_column_kl_divergence_to_be_less_than: { column: a, threshold: 0.1, partition_object: { bins: [-inf, 0, inf], weights: [0.5, 0.5] } } }
    - { expect_column_quantile_values_to_be_between: { column: a, quantile_ranges: { quantiles: [0.5], value_ranges: [[0, null]] } } }
  b: { query: SELECT 1 AS one, expectations: [{ expect_column_to_exist: { column: one } }] }
`;
  const config = parseConfig(text, 'p.yaml', {});
  expect(parseConfig(printConfig(config, { secrets: 'shown' }), 'p.yaml', {}).checks).toEqual(config.checks);
});
