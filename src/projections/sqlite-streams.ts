/**
 * The operations store's table of a declared stream: the newest event of each key, by event time; of two of the same
 * time, the one that arrived later. A tombstone takes its key's row away, and is kept, so that an event from before it
 * does not bring the row back.
 */

import type { Database } from 'better-sqlite3';
import type { Columns } from '../messages/columns.ts';
import { exactJson } from '../messages/event-json.ts';
import { type CellValue, cellAt, type RecordColumn } from '../messages/record-columns.ts';
import type { Tombstone } from '../messages/streams.ts';
import { SQLITE_TYPES } from './sqlite-schema.ts';
import type { Where } from './store.ts';
import { isLogOf, shapeText, streamChanges } from './stream-changes.ts';
import type { StreamTable } from './stream-tables.ts';

/** The table of a stream. Only the key is NOT NULL: SQLite has no NaN and takes one for null. */
function streamTableSql({ name, key, columns }: StreamTable): string {
  const own = columns.map(({ path, kind }) => {
    return `"${path}" ${SQLITE_TYPES[kind]}${path === key ? ' NOT NULL PRIMARY KEY' : ''}`;
  });
  const all = [...own, 'partition INTEGER NOT NULL', 'log_offset INTEGER NOT NULL'];
  return `CREATE TABLE "${name}" (${all.join(', ')}) WITHOUT ROWID;`;
}

/**
 * Makes the tables of these streams. The logs of a stream with a new table are projected once more, and what else of
 * them is in the store is written as it was.
 */
export function changeStreams(db: Database, streams: readonly StreamTable[]): void {
  const shapes = db.prepare<[], { stream: string; shape: string }>('SELECT stream, shape FROM shapes').all();
  const { gone, made } = streamChanges(new Map(shapes.map(({ stream, shape }) => [stream, shape])), streams);
  if (gone.length === 0 && made.length === 0) return;
  db.exec('BEGIN IMMEDIATE');
  for (const name of gone) {
    db.exec(`DROP TABLE "${name}"`);
    db.prepare('DELETE FROM tombstones WHERE stream = ?').run(name);
    db.prepare('DELETE FROM shapes WHERE stream = ?').run(name);
  }
  const logs = db.prepare<[], string>('SELECT log FROM offsets').pluck().all();
  for (const table of made) {
    db.exec(streamTableSql(table));
    db.prepare('INSERT INTO shapes VALUES (?, ?)').run(table.name, shapeText(table));
    for (const log of logs) if (isLogOf(table, log)) db.prepare('DELETE FROM offsets WHERE log = ?').run(log);
  }
  db.exec('COMMIT');
}

/** A key as SQLite has it. */
type Key = string | number | bigint;

/** The columns of the table that are state. Where a row lies depends on the layout. */
export function streamDigestSql({ name, columns }: StreamTable): string {
  const own = columns.map(({ path, kind }) => (kind === 'long' ? exactSql(`"${path}"`) : `"${path}"`));
  return `SELECT ${own.join(', ')} FROM "${name}"`;
}

/** A whole number, as a text where JavaScript has no number for it. */
export function exactSql(column: string): string {
  const max = Number.MAX_SAFE_INTEGER;
  return `CASE WHEN ${column} BETWEEN -${max} AND ${max} THEN ${column} ELSE CAST(${column} AS TEXT) END`;
}

/** How many keys have their newest events held back, so that a key costs one write however often it changes. */
const MAX_HELD_KEYS = 20_000;

/** The newest event that is known of a key. A tombstone has no row. */
interface Newest {
  readonly timeMs: number;
  readonly partition: number;
  readonly offset: number;
  readonly row: readonly CellValue[] | null;
}

export interface NewestWriter {
  take(events: Columns, where: Where): void;
  remove(tombstones: readonly Tombstone[], where: Where): void;
  /** Writes what was held back. */
  flush(): void;
  clear(): void;
}

export function newestWriter(db: Database, table: StreamTable): NewestWriter {
  const { key: keyField, timeField, columns } = table;
  const keyColumn = columns.find(({ path }) => path === keyField);
  if (keyColumn === undefined) throw new Error(`The stream ${table.name} has no field ${keyField}`);
  const write = statements(db, table);
  const held = new Map<Key, Newest>();

  function hold(key: Key, newest: Newest): void {
    const known = held.get(key);
    if (known !== undefined && !isNewer(newest, known)) return;
    held.set(key, newest);
    if (held.size >= MAX_HELD_KEYS) flush();
  }
  function flush(): void {
    for (const [key, newest] of held) write(key, newest);
    held.clear();
  }

  return {
    take(events, { partition, firstOffset }) {
      const times = events.numbers(timeField);
      for (const [key, row] of newestRows(events, keyColumn, times)) {
        const timeMs = times[row]!;
        const known = held.get(key);
        if (known !== undefined && !isNewer({ timeMs, partition, offset: firstOffset + row }, known)) continue;
        const values = columns.map((column) => cellAt(events, column, row));
        hold(key, { timeMs, partition, offset: firstOffset + row, row: values });
      }
    },
    remove(tombstones, { partition, firstOffset }) {
      for (const [i, { key, occurredAt }] of tombstones.entries()) {
        hold(asKey(keyColumn, key), { timeMs: occurredAt, partition, offset: firstOffset + i, row: null });
      }
    },
    flush,
    clear: () => held.clear(),
  };
}

/** The row of the newest event of each key. An event without a key has none. */
function newestRows(events: Columns, keyColumn: RecordColumn, times: Float64Array): Map<Key, number> {
  const rows = new Map<Key, number>();
  for (let row = 0; row < events.count; row++) {
    const key = cellAt(events, keyColumn, row);
    if (key === null || Buffer.isBuffer(key)) continue;
    const known = rows.get(key);
    if (known === undefined || times[row]! >= times[known]!) rows.set(key, row);
  }
  return rows;
}

/** A key as its column has it. */
function asKey({ kind }: RecordColumn, key: Key): Key {
  if (kind === 'json') return exactJson(key);
  if (kind === 'boolean') return Number(key === 'true');
  if (kind === 'double') return Number(key);
  return kind === 'text' ? String(key) : key;
}

/**
 * Whether one event is newer than another. A key is in one partition, unless its source says otherwise; then the order
 * is at least the same in every replay.
 */
function isNewer(one: Omit<Newest, 'row'>, other: Omit<Newest, 'row'>): boolean {
  if (one.timeMs !== other.timeMs) return one.timeMs > other.timeMs;
  if (one.partition !== other.partition) return one.partition > other.partition;
  return one.offset > other.offset;
}

function statements(db: Database, { name, key, timeField, columns }: StreamTable): (key: Key, newest: Newest) => void {
  const names = [...columns.map(({ path }) => `"${path}"`), 'partition', 'log_offset'];
  const place = `("${timeField}", partition, log_offset)`;
  const upsert = db.prepare(`INSERT INTO "${name}" (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
    ON CONFLICT DO UPDATE SET ${names.map((column) => `${column} = excluded.${column}`).join(', ')}
      WHERE (excluded."${timeField}", excluded.partition, excluded.log_offset) > ${place}`);
  const drop = db.prepare(`DELETE FROM "${name}" WHERE "${key}" = ? AND ${place} < (?, ?, ?)`);
  const hasNewer = db.prepare(`SELECT 1 FROM "${name}" WHERE "${key}" = ? AND ${place} > (?, ?, ?)`);

  const grave = '(occurred_at, partition, log_offset)';
  const isGone = db.prepare(`SELECT 1 FROM tombstones WHERE stream = ? AND key = ? AND ${grave} > (?, ?, ?)`);
  const revive = db.prepare(`DELETE FROM tombstones WHERE stream = ? AND key = ? AND ${grave} < (?, ?, ?)`);
  const bury = db.prepare(`INSERT INTO tombstones VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    occurred_at = excluded.occurred_at, partition = excluded.partition, log_offset = excluded.log_offset
    WHERE (excluded.occurred_at, excluded.partition, excluded.log_offset) > ${grave}`);
  // Most streams never have a tombstone, and a row is then one statement.
  let hasTombstones = db.prepare('SELECT 1 FROM tombstones WHERE stream = ? LIMIT 1').get(name) !== undefined;

  return (ofKey, { timeMs, partition, offset, row }) => {
    const at = [timeMs, partition, offset];
    if (row === null) {
      hasTombstones = true;
      drop.run(ofKey, ...at);
      if (hasNewer.get(ofKey, ...at) === undefined) bury.run(name, ofKey, ...at);
      return;
    }
    if (hasTombstones) {
      if (isGone.get(name, ofKey, ...at) !== undefined) return;
      revive.run(name, ofKey, ...at);
    }
    upsert.run(...row, partition, offset);
  };
}
