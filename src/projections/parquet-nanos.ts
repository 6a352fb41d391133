/**
 * Nanoseconds in UTC: DuckDB 1.5 reads them as microseconds cut towards zero, so that −1 ns would be 1970. A file that has
 * such from before 1970 is read from a copy whose footer does not say that they are in UTC, and nothing else is changed:
 * DuckDB then gives the nanoseconds as they are.
 */
import { constants, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from './duckdb-schema.ts';

export interface ExactFile {
  /** Where the rows are to be read. */
  readonly path: string;
  close(): void;
}

export async function exactNanos(connection: DuckDBConnection, path: string): Promise<ExactFile> {
  const columns = await nanosInUtc(connection, path);
  if (columns.length === 0 || (await isFrom1970(connection, path, columns))) return { path, close() {} };
  const directory = mkdtempSync(join(tmpdir(), 'millrace-parquet-copy-'));
  const close = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const copy = join(directory, 'copy.parquet');
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    await changeFooter(copy);
    if ((await nanosInUtc(connection, copy)).length === 0) return { path: copy, close };
    const advice = "can't be read exactly; write them as microseconds";
    throw new Error(`the nanoseconds in UTC of the column ${columns.join(', ')} from before 1970 ${advice}`);
  } catch (error) {
    close();
    throw error;
  }
}

async function nanosInUtc(connection: DuckDBConnection, path: string): Promise<string[]> {
  const found = await connection.runAndReadAll(
    `SELECT name FROM parquet_schema(${sqlText(path)})
     WHERE logical_type LIKE '%isAdjustedToUTC=1%' AND logical_type LIKE '%NANOS=Nano%'`,
  );
  return found.getRows().map(([name]) => String(name));
}

/** By the statistics of its row groups, as far as they are there. */
async function isFrom1970(connection: DuckDBConnection, path: string, columns: readonly string[]): Promise<boolean> {
  const isOne = columns.map((name) => `suffix(path_in_schema, ${sqlText(name)})`).join(' OR ');
  const least = 'try_cast(coalesce(stats_min_value, stats_min) AS TIMESTAMPTZ)';
  const found = await connection.runAndReadAll(
    `SELECT count(*) > 0 AND coalesce(bool_and(coalesce(${least} > TIMESTAMPTZ '1970-01-01 00:00:00+00', false)), false)
     FROM parquet_metadata(${sqlText(path)}) WHERE ${isOne}`,
  );
  return found.getRows()[0]?.[0] === true;
}

/** Thrift's compact form of a TimestampType: in UTC or not, and its unit of nanoseconds (parquet.thrift, LogicalType). */
const IN_UTC = Buffer.from([0x8c, 0x11, 0x1c, 0x3c, 0, 0, 0, 0]);
const NOT_IN_UTC = 0x12;
/** Behind the footer stand its length and a magic number. */
const TAIL_BYTES = 8;

async function changeFooter(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const tail = await bytesAt(file, size - TAIL_BYTES, TAIL_BYTES);
    const length = tail.readUInt32LE(0);
    const start = size - TAIL_BYTES - length;
    const footer = await bytesAt(file, start, length);
    for (let at = footer.indexOf(IN_UTC); at !== -1; at = footer.indexOf(IN_UTC, at + 1)) footer[at + 1] = NOT_IN_UTC;
    await file.write(footer, 0, length, start);
  } finally {
    await file.close();
  }
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer;
}
