/** How the events of each type change the operations store: by the entries of its tables, and by those of declared streams. */
import type { Database } from 'better-sqlite3';
import { tombstonesOf } from '../messages/tombstones.ts';
import { tombstoneType } from '../messages/types.ts';
import { type RowWriter, rowWriter } from './sqlite-rows.ts';
import { type NewestWriter, newestWriter } from './sqlite-streams.ts';
import { type SectionEvents, STREAM_EVENTS, type Where } from './store.ts';
import type { StreamTable } from './stream-tables.ts';
import type { Table } from './table.ts';

export interface SqliteWriters {
  readonly wants: ReadonlySet<string>;
  write(section: SectionEvents, where: Where): void;
  /** Writes what was held back for the end of the transaction. */
  flush(): void;
  clear(): void;
}

export function sqliteWriters(db: Database, tables: readonly Table[], streams: readonly StreamTable[]): SqliteWriters {
  const writers = new Map<string, RowWriter[]>();
  for (const table of tables) {
    writers.set(table.eventType, [...(writers.get(table.eventType) ?? []), rowWriter(db, table)]);
  }
  const declared = new Map<string, NewestWriter>();
  for (const stream of streams) declared.set(stream.name, newestWriter(db, stream));

  return {
    wants: new Set([...writers.keys(), tombstoneType.name, STREAM_EVENTS]),
    write(section, where) {
      if (section.typeName === STREAM_EVENTS)
        declared.get(section.table ?? where.stream)?.take(section.columns(), where);
      else if (section.typeName === tombstoneType.name) {
        declared.get(where.stream)?.remove(tombstonesOf(section.objects()), where);
      } else for (const write of writers.get(section.typeName) ?? []) write(section.objects(), where);
    },
    flush() {
      for (const writer of declared.values()) writer.flush();
    },
    clear() {
      for (const writer of declared.values()) writer.clear();
    },
  };
}
