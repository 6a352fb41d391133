/**
 * Nanoseconds in UTC: DuckDB 1.5 reads them as microseconds cut towards zero, so that −1 ns would be 1970. A file that has
 * such from before 1970 is read from a copy whose footer does not say that they are in UTC: DuckDB then gives the
 * nanoseconds as they are.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { quotedText } from '../sql-quotes.ts';
import { copyWithFooter, type FileCopy, nanosNotInUtc } from './parquet-footer.ts';

/** A copy of the file whose nanoseconds are exact; null when the file itself can be read. */
export async function exactNanos(connection: DuckDBConnection, path: string): Promise<FileCopy | null> {
  const columns = await nanosInUtc(connection, path);
  if (columns.length === 0 || (await isFrom1970(connection, path, columns))) return null;
  const copy = await copyWithFooter(path, nanosNotInUtc);
  if ((await nanosInUtc(connection, copy.path)).length === 0) return copy;
  copy.close();
  const advice = "can't be read exactly; write them as microseconds";
  throw new Error(`the nanoseconds in UTC of the column ${columns.join(', ')} from before 1970 ${advice}`);
}

async function nanosInUtc(connection: DuckDBConnection, path: string): Promise<string[]> {
  const found = await connection.runAndReadAll(
    `SELECT name FROM parquet_schema(${quotedText(path)})
     WHERE logical_type LIKE '%isAdjustedToUTC=1%' AND logical_type LIKE '%NANOS=Nano%'`,
  );
  return found.getRows().map(([name]) => String(name));
}

/** Whether all times are of 1970 or later, by the statistics of the row groups, as far as there are any. */
async function isFrom1970(connection: DuckDBConnection, path: string, columns: readonly string[]): Promise<boolean> {
  const isOne = columns.map((name) => `suffix(path_in_schema, ${quotedText(name)})`).join(' OR ');
  const least = 'try_cast(coalesce(stats_min_value, stats_min) AS TIMESTAMPTZ)';
  const found = await connection.runAndReadAll(
    `SELECT count(*) > 0 AND coalesce(bool_and(coalesce(${least} > TIMESTAMPTZ '1970-01-01 00:00:00+00', false)), false)
     FROM parquet_metadata(${quotedText(path)}) WHERE ${isOne}`,
  );
  return found.getRows()[0]?.[0] === true;
}
