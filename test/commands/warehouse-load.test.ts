/** The words by which BigQuery and Snowflake load an exported file: names are quoted, and what is no name of theirs is replaced. */
import { expect, test } from 'vitest';
import { loadText } from '../../src/commands/warehouse-load.ts';

test('BigQuery is given a command of its client, with the table named after the stream', () => {
  expect(loadText('bigquery', 'payments.transactions', "/data/it's here.parquet")).toBe(
    "bq load --source_format=PARQUET --parquet_enable_list_inference --decimal_target_types=NUMERIC,BIGNUMERIC,STRING DATASET.payments_transactions '/data/it'\\''s here.parquet'",
  );
});

test('Snowflake is given statements that stage the file, make the table of its columns, and load it by their names', () => {
  const statements = loadText('snowflake', 'clicks', "/data/it's here.parquet").split(';\n');
  expect(statements.map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual([
    'CREATE FILE',
    'CREATE STAGE',
    "PUT 'file:///data/it''s%20here.parquet'",
    'CREATE TABLE',
    'COPY INTO',
  ]);
  expect(statements[4]).toBe(
    `COPY INTO "clicks" FROM '@millrace_load/it''s here.parquet' MATCH_BY_COLUMN_NAME = CASE_SENSITIVE;`,
  );
});
