/** How a warehouse loads an exported file of Parquet: the commands for the warehouse's own client. */
import { pathToFileURL } from 'node:url';
import { quotedText } from '../sql-quotes.ts';

export const WAREHOUSES = ['bigquery', 'snowflake'] as const;
export type Warehouse = (typeof WAREHOUSES)[number];

/**
 * BigQuery makes the table by the file (https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet); Snowflake by
 * INFER_SCHEMA (https://docs.snowflake.com/en/sql-reference/functions/infer_schema). Neither was run here against an account.
 */
export function loadText(warehouse: Warehouse, stream: string, path: string): string {
  const table = stream.replace(/[^A-Za-z0-9_]/g, '_');
  if (warehouse === 'bigquery') {
    return `bq load --source_format=PARQUET --parquet_enable_list_inference --decimal_target_types=NUMERIC,BIGNUMERIC,STRING DATASET.${table} ${shellQuoted(path)}`;
  }
  const [name = ''] = path.split('/').slice(-1);
  const at = `@millrace_load/${name}`;
  return `CREATE FILE FORMAT IF NOT EXISTS millrace_parquet TYPE = PARQUET USE_LOGICAL_TYPE = TRUE;
CREATE STAGE IF NOT EXISTS millrace_load FILE_FORMAT = millrace_parquet;
PUT ${quotedText(pathToFileURL(path).href)} @millrace_load AUTO_COMPRESS = FALSE OVERWRITE = TRUE;
CREATE TABLE IF NOT EXISTS "${table}" USING TEMPLATE (
  SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(INFER_SCHEMA(LOCATION => ${quotedText(at)}, FILE_FORMAT => 'millrace_parquet')));
COPY INTO "${table}" FROM ${quotedText(at)} MATCH_BY_COLUMN_NAME = CASE_SENSITIVE;`;
}

function shellQuoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
