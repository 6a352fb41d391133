/** SQLite as a store: tables with a row a key. */
import { eraseFiles, fileOf, type StoreDriver } from './driver.ts';
import { readSqliteOffsets } from './sqlite-offsets.ts';
import { SQLITE_SUFFIXES } from './sqlite-schema.ts';

const ROWS_A_BATCH = 256;
/** What one statement of a user may hold, in bytes, so that it can't take the machine's memory. */
const MEMORY_BYTES = 256 * 1024 * 1024;

export const sqliteDriver: StoreDriver = {
  name: 'sqlite',
  label: 'SQLite',
  kind: null,
  files: SQLITE_SUFFIXES.map((suffix) => `operations.sqlite${suffix}`),
  damage: /database disk image is malformed|file is not a database/i,
  dialect: {
    instant: (column) => column,
    beginning: (column, characters) => `substr(CAST(${column} AS TEXT), 1, ${characters})`,
  },
  cannotHold: ({ key }) => (key === null ? 'its tables have keys' : null),
  async open({ dataDir, tables, shapes, owner }) {
    const { openSqlite } = await import('./sqlite.ts');
    return openSqlite(fileOf(sqliteDriver, dataDir), { tables, streams: shapes.streams, owner });
  },
  erase: async ({ dataDir }) => eraseFiles(sqliteDriver, dataDir),
  room: null,
  offsets: async (dataDir, owner) => readSqliteOffsets(fileOf(sqliteDriver, dataDir), owner),
  retryMs: null,
  async *readApart({ dataDir, tables, shapes }, read) {
    const { openSqliteReader, streamRows, tableDigests } = await import('./sqlite-reading.ts');
    const { streamTable } = await import('./stream-tables.ts');
    const db = openSqliteReader(fileOf(sqliteDriver, dataDir));
    db.exec(`PRAGMA hard_heap_limit = ${MEMORY_BYTES}`);
    try {
      if (read.kind === 'digest') {
        for (const digest of tableDigests(db, tables, shapes.streams.map(streamTable))) yield [{ ...digest }];
        return;
      }
      let rows = [];
      for (const row of streamRows(db, read.sql)) {
        rows.push(row);
        if (rows.length < ROWS_A_BATCH) continue;
        yield rows;
        rows = [];
      }
      if (rows.length > 0) yield rows;
    } finally {
      db.close();
    }
  },
};
