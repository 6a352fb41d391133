/** Reads of the operations store, on a connection that can't write. */
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { keepNative } from '../journal/keep-native.ts';
import { sqliteDigestSql } from './sqlite-schema.ts';
import { streamDigestSql } from './sqlite-streams.ts';
import { MAX_QUERY_ROWS, type Row, type SqlValue, type TableDigest } from './store.ts';
import type { StreamTable } from './stream-tables.ts';
import type { Table } from './table.ts';

/** Opens a file that must be there. */
export function openSqliteReader(file: string): Database.Database {
  const db = keepNative(new Database(file, { readonly: true, fileMustExist: true }));
  db.exec('PRAGMA query_only = true');
  return db;
}

/** The rows of one statement that reads, at most MAX_QUERY_ROWS. Throws on any other statement. */
export function queryRows(reader: Database.Database, sql: string): Row[] {
  requireReading(reader, sql);
  return reader.prepare<[], Record<string, unknown>>(boundedQuery(sql)).safeIntegers().all().map(jsonRow);
}

/**
 * The rows of any statement that reads, one at a time. For a process of its own: nothing stops SQLite within a step.
 */
export function* streamRows(reader: Database.Database, sql: string): Generator<Row> {
  requireReading(reader, sql);
  for (const row of reader.prepare<[], Record<string, unknown>>(sql).safeIntegers().iterate()) yield jsonRow(row);
}

/** Digests of the tables one by one, all as of one moment. */
export function* tableDigests(
  reader: Database.Database,
  tables: readonly Table[],
  streams: readonly StreamTable[],
): Generator<TableDigest> {
  reader.exec('BEGIN');
  try {
    const builtin = tables.map((table) => [table.name, sqliteDigestSql(table)] as const);
    const declared = streams.map((table) => [table.name, streamDigestSql(table)] as const);
    for (const [table, select] of [...builtin, ...declared]) {
      yield digestOf(reader, table, select);
    }
  } finally {
    reader.exec('COMMIT');
  }
}

function requireReading(reader: Database.Database, sql: string): void {
  const refused = 'Only a statement that reads is allowed here';
  if (!QUERY.test(sql)) throw new Error(refused);
  const statement = reader.prepare(sql);
  if (!statement.reader || !statement.readonly) throw new Error(refused);
}

/**
 * What a query may begin with, comments aside. A PRAGMA takes effect when it is prepared, even behind EXPLAIN, so none
 * may be prepared.
 */
const QUERY =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:EXPLAIN\s+(?:QUERY\s+PLAN\s+)?)?(?:SELECT|WITH|VALUES)\b/i;

/**
 * The query with a limit, at which SQLite stops by itself. EXPLAIN can't stand in a subquery, and gives few rows
 * anyway.
 */
function boundedQuery(sql: string): string {
  if (/^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*EXPLAIN\b/i.test(sql)) return sql;
  return `SELECT * FROM (${sql.replace(/;\s*$/, '')}\n) LIMIT ${MAX_QUERY_ROWS}`;
}

function digestOf(db: Database.Database, table: string, select: string): TableDigest {
  // All rows are read at once: an iterator is another object that Node 24 may not collect (see keepNative).
  const rows = db.prepare<[], unknown[]>(select).raw().all();
  let sum = 0n;
  for (const row of rows) {
    sum += createHash('md5').update(JSON.stringify(row)).digest().readBigUInt64LE(0);
  }
  return { table, rows: rows.length, hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
}

function jsonRow(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, jsonValue(value)]));
}

/** SQLite's value as a JSON one. A blob is shown as text, and a number that is not finite is null, as everywhere. */
function jsonValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  // A whole number that readers of JSON would round is a text.
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
}
