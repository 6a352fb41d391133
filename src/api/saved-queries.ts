/** Queries that people have saved: each is an event of the service's own stream, and the newest of a name counts. */
import type { QuerySaved } from '../messages/query-facts.ts';
import { querySavedType } from '../messages/types.ts';
import type { Row } from '../projections/store.ts';
import type { Query } from './query-run.ts';

export interface SavedQueries {
  all(): Promise<readonly Row[]>;
  /** Null when there are too many. */
  save(query: Query & { readonly name: string }): Promise<Row | null>;
  /** False when there is none of this name. */
  remove(name: string): Promise<boolean>;
}

const QUERIES_MAX = 500;
const SELECT = 'SELECT name, store, sql, is_removed, saved_at FROM saved_queries';

export interface SavedQueriesPorts {
  nowMs(): number;
  /** Reads the operations store. */
  read(sql: string): Promise<readonly Row[]>;
  /** Resolves once the event is durable. */
  write(event: QuerySaved): Promise<void>;
}

export function createSavedQueries({ nowMs, read, write }: SavedQueriesPorts): SavedQueries {
  /** What was said since the process began: the store follows a moment behind. */
  const said = new Map<string, QuerySaved>();

  async function known(): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (const { is_removed: isRemoved, ...row } of await read(SELECT)) {
      if (Number(isRemoved) === 0) rows.set(String(row.name), row);
    }
    for (const event of said.values()) {
      if (event.isRemoved) rows.delete(event.name);
      else rows.set(event.name, rowOf(event));
    }
    return rows;
  }

  async function say(event: QuerySaved): Promise<void> {
    await write(event);
    said.set(event.name, event);
  }

  return {
    async all() {
      return [...(await known()).values()].sort((a, b) => String(a.name).localeCompare(String(b.name), 'en'));
    },
    async save({ name, store, sql }) {
      const all = await known();
      if (all.size >= QUERIES_MAX && !all.has(name)) return null;
      const event = { name, store, sql, isRemoved: false, savedAt: nowMs() };
      await say(event);
      return rowOf(event);
    },
    async remove(name) {
      if (!(await known()).has(name)) return false;
      await say({ name, store: '', sql: '', isRemoved: true, savedAt: nowMs() });
      return true;
    },
  };
}

export function writtenQuery(event: QuerySaved) {
  return querySavedType.encodeBlock([event]);
}

const rowOf = ({ name, store, sql, savedAt }: QuerySaved): Row => ({ name, store, sql, saved_at: savedAt });
