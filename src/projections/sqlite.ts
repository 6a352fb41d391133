/**
 * SQLite: the operations read model. Tables with a row a key, such as runs and dead letters, and the newest event of each key
 * of the declared streams.
 * Its version stands in the file: another version's file is deleted and rebuilt from the journal.
 */

import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { keepNative } from '../journal/keep-native.ts';
import { knownPageSums, moveLog, newPageSums, type PageSums, verifyPages } from './page-sums.ts';
import { openSqliteReader, queryRows, tableDigests } from './sqlite-reading.ts';
import { SQLITE_SUFFIXES, sqliteSchema, sqliteVersion } from './sqlite-schema.ts';
import { changeStreams } from './sqlite-streams.ts';
import { sqliteWriters } from './sqlite-writers.ts';
import type { Store } from './store.ts';
import { damagedStore, mayPass } from './store-trouble.ts';
import { type StreamShape, type StreamTable, streamTable } from './stream-tables.ts';
import type { Table } from './table.ts';

export interface SqliteOptions {
  readonly tables: readonly Table[];
  readonly streams: readonly StreamShape[];
  /** The number of the data directory that the store belongs to; see owner.ts. */
  readonly owner?: number;
}

/**
 * Opens or creates the store. A file of another version or owner, or a damaged one, is replaced by an empty one. When a
 * stream's table is new or changed, its logs are projected anew from their start, and all else stays.
 */
export function openSqlite(file: string, options: SqliteOptions): Store {
  const { tables } = options;
  const streams = options.streams.map(streamTable);
  const { db, sums } = openOrReplace(file, tables, streams, options.owner ?? 0);
  const reader = openSqliteReader(file);
  const writers = sqliteWriters(db, tables, streams);
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
    project(sections, commit) {
      for (const section of sections) writers.write(section, { ...commit, firstOffset: section.firstOffset });
    },
    async commit(reached) {
      writers.flush();
      for (const [log, next] of reached) saveOffset.run(log, next);
      db.exec('COMMIT');
      for (const [log, next] of reached) offsets.set(log, next);
      moveLogIn(db, sums, false);
    },
    async rollback() {
      writers.clear();
      if (db.inTransaction) db.exec('ROLLBACK');
    },
    query: async (sql) => queryRows(reader, sql),
    digest: async () => [...tableDigests(reader, tables, streams)],
    verify: (signal) => verifyPages(sums, signal),
    async close() {
      try {
        moveLogIn(db, sums, true);
      } finally {
        // The last connection that closes moves the log by itself, without the sums. A connection that only reads does
        // not.
        db.close();
        reader.close();
      }
    },
  };
}

/**
 * Moves the log into the file. Throws when the file is damaged. Where there is no space to write the sums, the log is
 * moved another time.
 */
function moveLogIn(db: Database.Database, sums: PageSums, atOnce: boolean): void {
  let problem: string | null = null;
  try {
    problem = moveLog(db, sums, atOnce);
  } catch (error) {
    if (!mayPass(error)) throw error;
  }
  if (problem !== null) throw damagedStore('sqlite', problem);
}

interface OpenFile {
  readonly db: Database.Database;
  readonly sums: PageSums;
}

function openOrReplace(
  file: string,
  tables: readonly Table[],
  streams: readonly StreamTable[],
  owner: number,
): OpenFile {
  const schema = sqliteSchema(tables);
  const ownVersion = sqliteVersion(tables);
  for (const attempt of [1, 2]) {
    let db: Database.Database | null = null;
    try {
      const known = knownPageSums(file);
      db = keepNative(new Database(file));
      db.exec('PRAGMA journal_mode = WAL');
      db.exec('PRAGMA wal_autocheckpoint = 0');
      // A commit that the operating system loses is projected again from the journal.
      db.exec('PRAGMA synchronous = NORMAL');
      db.exec('PRAGMA busy_timeout = 5000');
      const version = db.prepare('PRAGMA user_version').pluck().get();
      if (version === 0 && isEmpty(db)) {
        db.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${ownVersion};
          PRAGMA application_id = ${owner}; COMMIT`);
        const sums = newPageSums(db, file);
        changeStreams(db, streams);
        return { db, sums };
      }
      // Whether every page is as it was written is checked later, because that may take long.
      const isOwn = db.prepare('PRAGMA application_id').pluck().get() === owner;
      if (version === ownVersion && isOwn && known !== null) {
        // A file whose header says that it can't be written passes every other check. A full disk is waited for
        // elsewhere.
        tryToWrite(db, ownVersion);
        changeStreams(db, streams);
        return { db, sums: known };
      }
    } catch (error) {
      if (attempt === 2 || isTrouble(error)) throw error;
    }
    db?.close();
    for (const suffix of SQLITE_SUFFIXES) rmSync(file + suffix, { force: true });
  }
  throw new Error(`${file} could not be created anew`);
}

function tryToWrite(db: Database.Database, version: number): void {
  try {
    db.exec(`PRAGMA user_version = ${version}`);
  } catch (error) {
    if (!(error instanceof Database.SqliteError && error.code === 'SQLITE_FULL')) throw error;
  }
}

function isEmpty(db: Database.Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

/**
 * Whether an error is one of the machine, or of another process, which a new file would not mend. Any other is the
 * file's own.
 */
function isTrouble(error: unknown): boolean {
  return !(error instanceof Database.SqliteError) || TROUBLE.some((code) => error.code.startsWith(code));
}

const TROUBLE = ['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_CANTOPEN', 'SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_NOMEM'];
