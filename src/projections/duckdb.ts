/**
 * DuckDB: the analytics read model. Transactions, scores, sessions, windows, weather; its own offsets among them.
 * One process, one thread holds the file open; everybody else asks through that thread.
 */

import { rmSync } from 'node:fs';
import { type DuckDBConnection, DuckDBInstance, DuckDBTypeId, StatementType } from '@duckdb/node-api';
import { columnSql } from './duckdb-columns.ts';
import {
  DUCKDB_DIGESTS,
  DUCKDB_SCHEMA_VERSION,
  DUCKDB_TABLES,
  sqlText,
  type WindowShape,
  windowColumns,
  windowsViewSql,
  windowTable,
} from './duckdb-schema.ts';
import { duckdbWriters } from './duckdb-writers.ts';
import type { Row, SqlValue, Store, TableDigest } from './store.ts';

export interface DuckdbOptions {
  readonly windows: readonly WindowShape[];
  readonly memoryLimit: string;
  readonly threads: number;
}

/** Opens or creates the store. A file of another version, or one that does not open, is replaced by an empty one. */
export async function openDuckdb(file: string, options: DuckdbOptions): Promise<Store> {
  const { instance, connection } = await openOrReplace(file, options);
  await connection.run(windowsViewSql(options.windows));
  // After this no statement can reach the file system or undo it: what a user's query may do.
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  const reader = await instance.connect();
  const writers = await duckdbWriters(connection, options.windows);
  const offsets = new Map<string, number>();
  for (const { log, next } of await rowsOf(connection, 'SELECT log, next FROM offsets')) {
    offsets.set(String(log), Number(next));
  }

  return {
    name: 'duckdb',
    offsets: () => offsets,
    wants: new Set(writers.byType.keys()),
    async begin() {
      await connection.run('BEGIN TRANSACTION');
    },
    project(typeName, events, where) {
      writers.byType.get(typeName)?.(events, where);
    },
    async commit(reached) {
      writers.flush();
      for (const [log, next] of reached) {
        await connection.run(`DELETE FROM offsets WHERE log = ${sqlText(log)}`);
        await connection.run(`INSERT INTO offsets VALUES (${sqlText(log)}, ${next})`);
      }
      await connection.run('COMMIT');
      for (const [log, next] of reached) offsets.set(log, next);
    },
    async rollback() {
      writers.clear();
      await connection.run('ROLLBACK');
    },
    async query(sql) {
      const statements = await reader.extractStatements(sql);
      if (statements.count !== 1) throw new Error(`One statement at a time; this text holds ${statements.count}`);
      const prepared = await statements.prepare(0);
      if (!READING_STATEMENTS.has(prepared.statementType))
        throw new Error('Only a statement that reads is allowed here');
      return rowsOf(reader, sql);
    },
    async digest() {
      const digests: TableDigest[] = [];
      for (const [table, columns] of Object.entries(DUCKDB_DIGESTS)) {
        digests.push(await digestOf(connection, table, columns));
      }
      return digests;
    },
    async close() {
      reader.closeSync();
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const READING_STATEMENTS: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

async function openOrReplace(
  file: string,
  options: DuckdbOptions,
): Promise<{ instance: DuckDBInstance; connection: DuckDBConnection }> {
  const settings = {
    threads: String(options.threads),
    memory_limit: options.memoryLimit,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // Checkpoint seldom: the journal, not this file's log, is what recovery starts from.
    wal_autocheckpoint: '256MB',
  };
  for (const attempt of [1, 2]) {
    try {
      const instance = await DuckDBInstance.create(file, settings);
      const connection = await instance.connect();
      await connection.run("SET TimeZone = 'UTC'").catch(() => {});
      if (await hasVersion(connection, options.windows)) return { instance, connection };
      connection.closeSync();
      instance.closeSync();
    } catch (error) {
      if (attempt === 2 || isLocked(error)) throw error;
    }
    for (const suffix of ['', '.wal']) rmSync(file + suffix, { force: true });
    if (attempt === 1) {
      const instance = await DuckDBInstance.create(file, settings);
      const connection = await instance.connect();
      await createTables(connection, options.windows);
      return { instance, connection };
    }
  }
  throw new Error(`${file} could not be created anew`);
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && /lock/i.test(error.message);
}

async function hasVersion(connection: DuckDBConnection, windows: readonly WindowShape[]): Promise<boolean> {
  const tables = await rowsOf(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_version'");
  if (tables.length === 0) return false;
  const [row] = await rowsOf(connection, 'SELECT version FROM schema_version');
  return row?.version === versionOf(windows);
}

/** The tables depend on the windows: with others, the store is another one and is rebuilt. */
function versionOf(windows: readonly WindowShape[]): string {
  return `${DUCKDB_SCHEMA_VERSION} ${JSON.stringify(windows)}`;
}

async function createTables(connection: DuckDBConnection, windows: readonly WindowShape[]): Promise<void> {
  await connection.run('CREATE TABLE offsets (log VARCHAR NOT NULL, next BIGINT NOT NULL)');
  for (const [table, columns] of Object.entries(DUCKDB_TABLES)) {
    await connection.run(`CREATE TABLE ${table} (${columns.map(columnSql).join(', ')})`);
  }
  for (const shape of windows) {
    const columns = windowColumns(shape).map(columnSql).join(', ');
    await connection.run(`CREATE TABLE "${windowTable(shape)}" (${columns})`);
  }
  await connection.run('CREATE TABLE schema_version (version VARCHAR NOT NULL)');
  await connection.run(`INSERT INTO schema_version VALUES (${sqlText(versionOf(windows))})`);
}

async function digestOf(connection: DuckDBConnection, table: string, columns: readonly string[]): Promise<TableDigest> {
  const text = columns.map((column) => `coalesce("${column}"::VARCHAR, '\\N')`).join(', ');
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) AS n, (coalesce(sum(md5_number_lower(concat_ws('|', ${text}))), 0) % 18446744073709551616)::VARCHAR AS hash
     FROM ${table}`,
  );
  const hash = BigInt(String(row?.hash ?? '0'));
  return { table, rows: Number(row?.n ?? 0), hash: hash.toString(16).padStart(16, '0') };
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader
    .getRowObjectsJson()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value], i) => [column, sqlValue(value, reader.columnTypeId(i))]),
      ),
    );
}

/** DuckDB's JSON form gives 64-bit integers as text; those that a number holds exactly become one. */
function sqlValue(value: unknown, typeId: DuckDBTypeId): SqlValue {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return JSON.stringify(value) ?? null;
  return INTEGER_TYPES.has(typeId) && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const INTEGER_TYPES: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
]);
