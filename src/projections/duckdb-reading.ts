/**
 * Reads of the analytics store, each on a connection of its own: it sees whole transactions, waits for no writer, and can
 * be interrupted while it runs.
 */
import type { DuckDBConnection, DuckDBInstance, DuckDBResult, DuckDBTypeId, StatementType } from '@duckdb/node-api';
import { messageOf } from '../journal/error.ts';
import { quotedName } from '../sql-quotes.ts';
import { duckdbApi } from './duckdb-api.ts';
import { streamDigest } from './duckdb-streams.ts';
import { MAX_QUERY_ROWS, type Row, type SqlValue, type TableDigest } from './store.ts';
import { mayPass } from './store-trouble.ts';
import type { StreamTable } from './stream-tables.ts';
import { stateColumns, type Table } from './table.ts';

export interface DuckdbReaders {
  /** The rows of one statement that reads, at most MAX_QUERY_ROWS. */
  query(sql: string): Promise<Row[]>;
  /** The rows of any statement that reads, as they come. The signal interrupts it. */
  stream(sql: string, signal: AbortSignal): AsyncGenerator<Row[]>;
  /** Digests of the tables one by one, all as of one moment. The signal interrupts it. */
  digests(signal: AbortSignal): AsyncGenerator<TableDigest>;
  /** Reads every row, since blocks of DuckDB's file have checksums. Resolves with what can't be read, or null. */
  verify(signal: AbortSignal): Promise<string | null>;
  /** Interrupts every read that runs. Resolves when none holds the file any more. */
  close(): Promise<void>;
}

export function createDuckdbReaders(
  instance: DuckDBInstance,
  tables: readonly Table[],
  streams: readonly StreamTable[],
): DuckdbReaders {
  const running = new Map<DuckDBConnection, Promise<void>>();

  async function* reading<T>(
    signal: AbortSignal | null,
    read: (reader: DuckDBConnection) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    const reader = await instance.connect();
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    running.set(reader, ended);
    const interrupt = (): void => reader.interrupt();
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      signal?.throwIfAborted();
      yield* read(reader);
    } finally {
      signal?.removeEventListener('abort', interrupt);
      reader.closeSync();
      running.delete(reader);
      end();
    }
  }

  return {
    async query(sql) {
      const rows: Row[] = [];
      for await (const batch of reading(null, (reader) => readOnlyRows(reader, sql))) {
        rows.push(...batch);
        if (rows.length >= MAX_QUERY_ROWS) break;
      }
      return rows.slice(0, MAX_QUERY_ROWS);
    },
    stream: (sql, signal) => reading(signal, (reader) => readOnlyRows(reader, sql)),
    digests: (signal) =>
      reading(signal, async function* (reader) {
        await reader.run('BEGIN TRANSACTION READ ONLY');
        const builtin = tables.map((table) => [table.name, stateColumns(table)] as const);
        const declared = streams.map((table) => [table.name, streamDigest(table)] as const);
        for (const [table, columns] of [...builtin, ...declared]) {
          yield { ...(await digestOf(reader, quotedName(table), columns)), table };
        }
      }),
    async verify(signal) {
      const checked = reading(signal, async function* (reader) {
        const tables = await rowsOf(reader, 'SELECT table_name FROM duckdb_tables() WHERE NOT internal');
        for (const { table_name: table } of tables) {
          yield await rowsOf(reader, `SELECT count(*), bit_xor(hash(row)) FROM ${quotedName(String(table))} AS row`);
        }
      });
      try {
        for await (const _ of checked);
        return null;
      } catch (error) {
        signal.throwIfAborted();
        // Such an error says that the store lacks something. Its file may be whole.
        if (mayPass(error) || /out of memory/i.test(messageOf(error))) throw error;
        return messageOf(error);
      }
    },
    async close() {
      for (const reader of running.keys()) reader.interrupt();
      await Promise.all(running.values());
    },
  };
}

/**
 * Rows of a statement in a read-only transaction. The transaction refuses what the statement's kind does not show, such
 * as EXPLAIN ANALYZE DELETE.
 */
async function* readOnlyRows(reader: DuckDBConnection, sql: string): AsyncGenerator<Row[]> {
  const statements = await reader.extractStatements(sql);
  if (statements.count !== 1) throw new Error(`One statement at a time; this text holds ${statements.count}`);
  const prepared = await statements.prepare(0);
  if (!READING_STATEMENTS.has(prepared.statementType)) throw new Error('Only a statement that reads is allowed here');
  await reader.run('BEGIN TRANSACTION READ ONLY');
  const result = await reader.stream(sql);
  for await (const rows of result.yieldRowObjectJson()) yield rows.map((row) => sqlRow(row, result));
}

const READING_STATEMENTS: ReadonlySet<StatementType> = new Set([
  duckdbApi.StatementType.SELECT,
  duckdbApi.StatementType.EXPLAIN,
]);

/** The digest of a table. `table` is its name in SQL. */
export async function digestOf(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
): Promise<TableDigest> {
  const text = columns.map((column) => `coalesce(${quotedName(column)}::VARCHAR, '\\N')`).join(', ');
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) AS n, (coalesce(sum(md5_number_lower(concat_ws('|', ${text}))), 0) % 18446744073709551616)::VARCHAR AS hash
     FROM ${table}`,
  );
  const hash = BigInt(String(row?.hash ?? '0'));
  return { table, rows: Number(row?.n ?? 0), hash: hash.toString(16).padStart(16, '0') };
}

/** All rows of a statement of our own. */
export async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJson().map((row) => sqlRow(row, reader));
}

function sqlRow(row: Readonly<Record<string, unknown>>, columns: Pick<DuckDBResult, 'columnTypeId'>): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value], i) => [column, sqlValue(value, columns.columnTypeId(i))]),
  );
}

/**
 * The JSON value of DuckDB's. DuckDB gives 64-bit integers as text, and those that a number holds exactly become one.
 */
function sqlValue(value: unknown, typeId: DuckDBTypeId): SqlValue {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return JSON.stringify(value) ?? null;
  // DuckDB has words for numbers that are not finite. They are null here as everywhere.
  if (FLOATING_TYPES.has(typeId)) return null;
  return INTEGER_TYPES.has(typeId) && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const FLOATING_TYPES: ReadonlySet<DuckDBTypeId> = new Set([
  duckdbApi.DuckDBTypeId.FLOAT,
  duckdbApi.DuckDBTypeId.DOUBLE,
]);
const INTEGER_TYPES: ReadonlySet<DuckDBTypeId> = new Set([
  duckdbApi.DuckDBTypeId.BIGINT,
  duckdbApi.DuckDBTypeId.UBIGINT,
  duckdbApi.DuckDBTypeId.HUGEINT,
]);
