/**
 * SQLite: the operations read model. Runs, alerts, cases, the latest result of each window, dead letters, actors, and
 * the newest event of each key of the declared streams.
 * Its version stands in the file: another version's file is deleted and rebuilt from the journal.
 */

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { keepNative } from '../journal/keep-native.ts';
import { SQLITE_DIGESTS, SQLITE_SCHEMA, SQLITE_SCHEMA_VERSION } from './sqlite-schema.ts';
import { changeStreams, streamDigestSql } from './sqlite-streams.ts';
import { sqliteWriters } from './sqlite-writers.ts';
import { MAX_QUERY_ROWS, type Row, type SqlValue, type Store, type TableDigest } from './store.ts';
import { type StreamShape, type StreamTable, streamTable } from './stream-tables.ts';

/**
 * Opens or creates the store. A file of another version, or a damaged one, is replaced by an empty one. Of a stream whose
 * table is new or changed, the logs are projected anew from their start; all else stays.
 */
export function openSqlite(file: string, shapes: readonly StreamShape[] = []): Store {
  const streams = shapes.map(streamTable);
  const db = openOrReplace(file, streams);
  const reader = keepNative(new Database(file, { readonly: true }));
  reader.exec('PRAGMA query_only = true');
  const writers = sqliteWriters(db, streams);
  const offsets = new Map<string, number>();
  for (const { log, next } of db.prepare<[], { log: string; next: number }>('SELECT log, next FROM offsets').all()) {
    offsets.set(log, next);
  }
  const saveOffset = db.prepare(
    'INSERT INTO offsets (log, next) VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET next = excluded.next',
  );

  return {
    name: 'sqlite',
    offsets: () => offsets,
    wants: writers.wants,
    async begin() {
      // IMMEDIATE: a deferred transaction that is upgraded later fails at once despite the busy timeout.
      db.exec('BEGIN IMMEDIATE');
    },
    project: (section, where) => writers.write(section, where),
    async commit(reached) {
      writers.flush();
      for (const [log, next] of reached) saveOffset.run(log, next);
      db.exec('COMMIT');
      for (const [log, next] of reached) offsets.set(log, next);
    },
    async rollback() {
      writers.clear();
      if (db.inTransaction) db.exec('ROLLBACK');
    },
    async query(sql) {
      if (!QUERY.test(sql)) throw new Error('Only a statement that reads is allowed here');
      const statement = reader.prepare<[], Record<string, unknown>>(sql);
      if (!statement.reader || !statement.readonly) throw new Error('Only a statement that reads is allowed here');
      const rows = reader.prepare<[], Record<string, unknown>>(boundedQuery(sql)).all();
      return rows.map(
        (row): Row => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, jsonValue(value)])),
      );
    },
    async digest() {
      const declared = streams.map((table) => [table.name, streamDigestSql(table)] as const);
      return [...Object.entries(SQLITE_DIGESTS), ...declared].map(([table, select]) => digestOf(db, table, select));
    },
    async close() {
      reader.close();
      db.close();
    },
  };
}

function openOrReplace(file: string, streams: readonly StreamTable[]): Database.Database {
  for (const attempt of [1, 2]) {
    let db: Database.Database | null = null;
    try {
      db = keepNative(new Database(file));
      db.exec('PRAGMA journal_mode = WAL');
      // The journal is the truth: a commit that the operating system loses is projected again.
      db.exec('PRAGMA synchronous = NORMAL');
      db.exec('PRAGMA busy_timeout = 5000');
      const version = db.prepare('PRAGMA user_version').pluck().get();
      if (version === 0 && isEmpty(db)) {
        db.exec(`BEGIN IMMEDIATE; ${SQLITE_SCHEMA} PRAGMA user_version = ${SQLITE_SCHEMA_VERSION}; COMMIT`);
        changeStreams(db, streams);
        return db;
      }
      if (version === SQLITE_SCHEMA_VERSION && db.prepare('PRAGMA quick_check').pluck().get() === 'ok') {
        // A file whose header says that it can't be written passes every other check.
        db.exec(`PRAGMA user_version = ${SQLITE_SCHEMA_VERSION}`);
        changeStreams(db, streams);
        return db;
      }
    } catch (error) {
      if (attempt === 2 || isTrouble(error)) throw error;
    }
    db?.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  }
  throw new Error(`${file} could not be created anew`);
}

function isEmpty(db: Database.Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

/** Errors of the machine, or of another process: a new file would not mend them. Any other is the file's own. */
function isTrouble(error: unknown): boolean {
  return !(error instanceof Database.SqliteError) || TROUBLE.some((code) => error.code.startsWith(code));
}

const TROUBLE = ['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_CANTOPEN', 'SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_NOMEM'];

/**
 * What a query may begin with, comments aside. A PRAGMA takes effect when it is prepared, even behind EXPLAIN, so none
 * may come that far.
 */
const QUERY =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:EXPLAIN\s+(?:QUERY\s+PLAN\s+)?)?(?:SELECT|WITH|VALUES)\b/i;

/** SQLite stops at the limit by itself; EXPLAIN, which can't stand in a subquery, gives few rows anyway. */
function boundedQuery(sql: string): string {
  if (/^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*EXPLAIN\b/i.test(sql)) return sql;
  return `SELECT * FROM (${sql.replace(/;\s*$/, '')}\n) LIMIT ${MAX_QUERY_ROWS}`;
}

function digestOf(db: Database.Database, table: string, select: string): TableDigest {
  // All at once: an iterator is another object that Node 24 may not collect (see keepNative).
  const rows = db.prepare<[], unknown[]>(select).raw().all();
  let sum = 0n;
  for (const row of rows) {
    sum += createHash('md5').update(JSON.stringify(row)).digest().readBigUInt64LE(0);
  }
  return { table, rows: rows.length, hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
}

/** SQLite's values as JSON ones; a blob shows as text. */
function jsonValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
}
