/** Events into the rows of one SQLite table, as its entry says: a row a key, which later events replace or change. */
import type { Database } from 'better-sqlite3';
import { quotedName } from '../sql-quotes.ts';
import { cellOf } from './cell.ts';
import type { EventRow, Where } from './store.ts';
import { type ColumnEntry, storedName, type Table } from './table.ts';

export type RowWriter = (events: readonly EventRow[], where: Where) => void;

export function rowWriter(db: Database, table: Table): RowWriter {
  const { columns, updates } = table;
  const upsert = db.prepare(upsertSql(table));
  const changes = new Map(
    Object.entries(updates?.by ?? {}).map(([value, changed]) => [value, db.prepare(updateSql(table, changed))]),
  );
  return (events, where) => {
    events.forEach((event, i) => {
      const values = Object.fromEntries(columns.map((column) => [column.name, cellOf(column, event, where, i)]));
      const change = updates === undefined ? undefined : changes.get(String(event[updates.field]));
      (change ?? upsert).run(values);
    });
  };
}

function upsertSql(table: Table): string {
  const { columns, key } = table;
  const changed = columns.filter(({ name: column, onUpdate }) => key?.includes(column) !== true && onUpdate !== 'keep');
  const sets = changed.map((column) => setSql(column, `excluded."${column.name}"`));
  return `INSERT INTO "${storedName(table)}" VALUES (${columns.map((column) => `@${column.name}`).join(', ')})
    ON CONFLICT DO ${sets.length === 0 ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`}`;
}

function updateSql({ name, columns, key }: Table, changed: readonly string[]): string {
  const sets = columns.filter((column) => changed.includes(column.name));
  const whose = (key ?? []).map((column) => `${quotedName(column)} = @${column}`);
  return `UPDATE "${name}" SET ${sets.map((column) => setSql(column, `@${column.name}`)).join(', ')}
    WHERE ${whose.join(' AND ')}`;
}

function setSql({ name, onUpdate }: ColumnEntry, value: string): string {
  return `"${name}" = ${onUpdate === 'max' ? `max("${name}", ${value})` : value}`;
}
