/** Tables of the operations store as SQL, from their entries, and what of them a digest reads. */
import { createHash } from 'node:crypto';
import type { RecordColumnKind } from '../messages/record-columns.ts';
import { quotedName } from '../sql-quotes.ts';
import { type ColumnEntry, stateColumns, storedName, type Table, tableText } from './table.ts';

/** Raise it whenever a writer changes, so that older files are rebuilt. A changed table does that by itself. */
const SQLITE_WRITERS_VERSION = 7;

export const SQLITE_TYPES: Readonly<Record<RecordColumnKind, string>> = {
  int: 'INTEGER',
  long: 'INTEGER',
  double: 'REAL',
  boolean: 'INTEGER',
  instant: 'INTEGER',
  date: 'INTEGER',
  text: 'TEXT',
  bytes: 'BLOB',
  decimal: 'TEXT',
  json: 'TEXT',
};

/** The endings of the store's files. */
export const SQLITE_SUFFIXES: readonly string[] = ['', '-wal', '-shm', '-sums'];

const OWN_TABLES = `
CREATE TABLE offsets (log TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE shapes (stream TEXT PRIMARY KEY, shape TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tombstones (
  stream TEXT NOT NULL, key NOT NULL, occurred_at INTEGER NOT NULL, partition INTEGER NOT NULL,
  log_offset INTEGER NOT NULL, PRIMARY KEY (stream, key)
) WITHOUT ROWID;
`;

/** The statements that make the tables. Throws for a table that this store can't hold. */
export function sqliteSchema(tables: readonly Table[]): string {
  return OWN_TABLES + tables.map(tableSql).join('\n');
}

/** The version that stands in the file: a positive number of 31 bits, and another one for other tables. */
export function sqliteVersion(tables: readonly Table[]): number {
  const hash = createHash('sha256').update(`${SQLITE_WRITERS_VERSION}\n${tables.map(tableText).join('\n')}`);
  return (hash.digest().readUInt32BE(0) >>> 1) + 1;
}

function tableSql(table: Table): string {
  const { key, columns, indexes = [] } = table;
  const name = storedName(table);
  // A log may be projected a second time for a stream that is new. Only a row with a key is then the same row.
  if (key === null) throw new Error(`The table ${table.name} has no key, which each table of SQLite must have`);
  const all = [...columns.map(columnSql), `PRIMARY KEY (${key.map(quotedName).join(', ')})`];
  const made = indexes.map(({ name: index, columns: of, where }) => {
    return `CREATE INDEX "${index}" ON "${name}" (${of.map(quotedName).join(', ')})${where ? ` WHERE ${where}` : ''};`;
  });
  return [`CREATE TABLE "${name}" (${all.join(', ')}) WITHOUT ROWID;`, ...made].join('\n');
}

/** The SQL of a column. SQLite has no NaN and takes one for null. */
function columnSql({ name, kind, nullable }: ColumnEntry): string {
  return `"${name}" ${SQLITE_TYPES[kind]}${nullable || kind === 'double' ? '' : ' NOT NULL'}`;
}

export function sqliteDigestSql(table: Table): string {
  return `SELECT ${stateColumns(table).map(quotedName).join(', ')} FROM "${table.name}"`;
}
