/**
 * DuckDB: the analytics read model. Tables with a row an event, and those of windows; its own offsets among them.
 * One process, one thread holds the file open; everybody else asks through that thread.
 */

import { createHash } from 'node:crypto';
import { constants, existsSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { quotedText } from '../sql-quotes.ts';
import { duckdbApi } from './duckdb-api.ts';
import { columnSql } from './duckdb-columns.ts';
import { FEW_TEXTS_SQL } from './duckdb-few-texts.ts';
import { namedViewsSql } from './duckdb-named-views.ts';
import { pairTables } from './duckdb-pairs.ts';
import { createDuckdbReaders, rowsOf } from './duckdb-reading.ts';
import {
  DUCKDB_SUFFIXES,
  DUCKDB_WRITERS_VERSION,
  tableColumns,
  viewSql,
  windowColumns,
  windowsViewSql,
  windowTable,
} from './duckdb-schema.ts';
import { streamColumns } from './duckdb-streams.ts';
import { duckdbWriters } from './duckdb-writers.ts';
import type { Store, TableDigest } from './store.ts';
import { mayPass } from './store-trouble.ts';
import { isLogOf, shapeText, streamChanges } from './stream-changes.ts';
import { type StreamTable, streamTable } from './stream-tables.ts';
import { storedName, type Table, tableText } from './table.ts';
import type { TableShapes } from './table-shapes.ts';

export interface DuckdbOptions {
  readonly tables: readonly Table[];
  /** The further tables that the configuration asks for. */
  readonly shapes: TableShapes;
  /** The most that DuckDB's buffer manager may hold. Rows on the way in come on top. */
  readonly memoryBytes: number;
  readonly threads: number;
  /** The number of the data directory that the store belongs to; see owner.ts. */
  readonly owner?: number;
}

/** The write-ahead log may grow to this part of the memory. */
const WAL_SHARE = 4;

/** Opens or creates the store. A file of another version, or one that does not open, is replaced by an empty one. */
export async function openDuckdb(file: string, options: DuckdbOptions): Promise<Store> {
  const streams = options.shapes.streams.map(streamTable);
  const { instance, connection } = await openOrReplace(file, options, streams);
  await connection.run(windowsViewSql(options.shapes.windows));
  for (const sql of options.shapes.windows.flatMap((shape) => viewSql(shape) ?? [])) await connection.run(sql);
  for (const { name, view } of options.tables) {
    if (view?.sql != null) await connection.run(`CREATE OR REPLACE VIEW "${name}" AS ${view.sql}`);
  }
  for (const { name, sql } of options.tables.flatMap(({ summaries = [] }) => summaries)) {
    await connection.run(`CREATE OR REPLACE VIEW "${name}" AS ${sql}`);
  }
  const { named = [] } = options.shapes;
  for (const sql of namedViewsSql(options.tables, named, streams)) await connection.run(sql);
  // After this no statement can reach the file system or undo the setting, so a user's query may run.
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  const writers = await duckdbWriters(connection, options.tables, options.shapes.windows, streams);
  const offsets = new Map<string, number>();
  for (const { log, next } of await rowsOf(connection, 'SELECT log, next FROM offsets')) {
    offsets.set(String(log), Number(next));
  }

  const readers = createDuckdbReaders(instance, options.tables, streams);
  let inTransaction = false;

  return {
    name: 'duckdb',
    offsets: () => offsets,
    wants: writers.wants,
    async begin() {
      await connection.run('BEGIN TRANSACTION');
      inTransaction = true;
    },
    project: writers.write,
    async commit(reached) {
      writers.flush();
      for (const [log, next] of reached) {
        await connection.run(`DELETE FROM offsets WHERE log = ${quotedText(log)}`);
        await connection.run(`INSERT INTO offsets VALUES (${quotedText(log)}, ${next})`);
      }
      // Whether it succeeds or not, the transaction is over.
      inTransaction = false;
      await connection.run('COMMIT');
      writers.keep();
      for (const [log, next] of reached) offsets.set(log, next);
    },
    async rollback() {
      writers.clear();
      if (!inTransaction) return;
      inTransaction = false;
      await connection.run('ROLLBACK');
    },
    query: readers.query,
    async *readBeside(read, signal) {
      if (read.kind === 'query') yield* readers.stream(read.sql, signal);
      else for await (const digest of readers.digests(signal)) yield [{ ...digest }];
    },
    verify: readers.verify,
    async copy(to) {
      // A read that still runs keeps a checkpoint from some of the write-ahead log. The next one takes it.
      await connection.run('CHECKPOINT').catch(() => {});
      await copyFile(file, to, constants.COPYFILE_FICLONE);
      if (existsSync(`${file}.wal`)) await copyFile(`${file}.wal`, `${to}.wal`);
    },
    async digest() {
      const digests: TableDigest[] = [];
      for await (const digest of readers.digests(new AbortController().signal)) digests.push(digest);
      return digests;
    },
    async close() {
      await readers.close();
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function openOrReplace(
  file: string,
  options: DuckdbOptions,
  streams: readonly StreamTable[],
): Promise<{ instance: DuckDBInstance; connection: DuckDBConnection }> {
  const settings = {
    threads: String(options.threads),
    memory_limit: `${Math.floor(options.memoryBytes / 1024)}KiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // Changes since the last checkpoint are held in memory, or go to a temporary file and back. More of them than fit
    // cost more than a checkpoint.
    wal_autocheckpoint: `${Math.floor(options.memoryBytes / 1024 / WAL_SHARE)}KiB`,
  };
  const known = await openKnown(file, settings, versionOf(options), streams);
  if (known !== null) return known;
  for (const suffix of DUCKDB_SUFFIXES) rmSync(file + suffix, { force: true });
  const instance = await duckdbApi.DuckDBInstance.create(file, settings);
  const connection = await instance.connect();
  await createTables(connection, options);
  await changeStreams(connection, streams);
  return { instance, connection };
}

/**
 * The store of a known file; null when the file is new, of another version or damaged. Nothing holds the file open
 * then.
 */
async function openKnown(
  file: string,
  settings: Record<string, string>,
  version: string,
  streams: readonly StreamTable[],
): Promise<{ instance: DuckDBInstance; connection: DuckDBConnection } | null> {
  let instance: DuckDBInstance | null = null;
  try {
    instance = await duckdbApi.DuckDBInstance.create(file, settings);
    const connection = await instance.connect();
    if ((await hasVersion(connection, version)) && (await changeStreams(connection, streams)))
      return { instance, connection };
  } catch (error) {
    if (isTrouble(error)) throw error;
  }
  instance?.closeSync();
  return null;
}

/**
 * Whether an error is one of the machine, or of another process, which a new file would not mend. DuckDB has no codes
 * for them.
 */
function isTrouble(error: unknown): boolean {
  return mayPass(error) || (error instanceof Error && /could not set lock|permission denied/i.test(error.message));
}

/** Throws when what every store must have can't be read. */
async function hasVersion(connection: DuckDBConnection, version: string): Promise<boolean> {
  const tables = await rowsOf(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_version'");
  if (tables.length === 0) return false;
  const [row] = await rowsOf(connection, 'SELECT version FROM schema_version');
  await rowsOf(connection, 'SELECT log, next FROM offsets');
  return row?.version === version;
}

/**
 * The version of a file. It depends on the windows, which decide the tables, and on whose journal the rows are of. A
 * store with others is rebuilt.
 */
function versionOf({ tables, shapes, owner = 0 }: DuckdbOptions): string {
  const hash = createHash('sha256').update(tables.map(tableText).join('\n')).digest('hex');
  return `${DUCKDB_WRITERS_VERSION} ${hash} ${owner} ${JSON.stringify(shapes.windows)}`;
}

async function createTables(connection: DuckDBConnection, options: DuckdbOptions): Promise<void> {
  await connection.run('CREATE TABLE offsets (log VARCHAR NOT NULL, next BIGINT NOT NULL)');
  await connection.run(FEW_TEXTS_SQL);
  for (const table of options.tables) {
    const columns = tableColumns(table).map(columnSql).join(', ');
    await connection.run(`CREATE TABLE "${storedName(table)}" (${columns})`);
  }
  for (const { name, columns } of pairTables(options.tables)) {
    await connection.run(`CREATE TABLE "${name}" (${columns.map(columnSql).join(', ')})`);
  }
  for (const shape of options.shapes.windows) {
    const columns = windowColumns(shape).map(columnSql).join(', ');
    await connection.run(`CREATE TABLE "${windowTable(shape)}" (${columns})`);
  }
  await connection.run('CREATE TABLE shapes (stream VARCHAR NOT NULL, shape VARCHAR NOT NULL)');
  await connection.run('CREATE TABLE schema_version (version VARCHAR NOT NULL)');
  await connection.run(`INSERT INTO schema_version VALUES (${quotedText(versionOf(options))})`);
}

/**
 * Makes the tables of these streams. False when the rows of one would have to be read again from a log that has other
 * rows in the store too, which would then come twice.
 */
async function changeStreams(connection: DuckDBConnection, streams: readonly StreamTable[]): Promise<boolean> {
  const shapes = await rowsOf(connection, 'SELECT stream, shape FROM shapes');
  const known = new Map(shapes.map(({ stream, shape }) => [String(stream), String(shape)]));
  const { gone, made } = streamChanges(known, streams);
  const logs = await rowsOf(connection, 'SELECT log FROM offsets');
  if (made.some((table) => logs.some(({ log }) => isLogOf(table, String(log))))) return false;
  await connection.run('BEGIN TRANSACTION');
  for (const name of gone) {
    await connection.run(`DROP TABLE "${name}"`);
    await connection.run(`DELETE FROM shapes WHERE stream = ${quotedText(name)}`);
  }
  for (const table of made) {
    const columns = streamColumns(table).map(columnSql).join(', ');
    await connection.run(`CREATE TABLE "${table.name}" (${columns})`);
    await connection.run(`INSERT INTO shapes VALUES (${quotedText(table.name)}, ${quotedText(shapeText(table))})`);
  }
  await connection.run('COMMIT');
  return true;
}
