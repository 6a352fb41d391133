/** Partitions of a table by the months of its events' time, in UTC: made when a row needs one, dropped when all in it is too old. */
import type { Columns } from '../../messages/columns.ts';
import type { RefusedRow } from '../../postgres/copy-rows.ts';
import type { PgSession } from '../../postgres/session.ts';
import type { Where } from '../../projections/store.ts';
import type { StoreType } from '../../projections/store-tables.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import type { PgTable } from './ddl.ts';

export interface Months {
  /** Which rows of a section are taken: those with a month that is not too old. */
  taking(
    events: Columns,
    where: Where,
    within: ((row: number) => boolean) | null,
    refuse: (rows: readonly RefusedRow[]) => void,
  ): (row: number) => boolean;
  /** Makes the partitions that the rows need. */
  make(session: PgSession): Promise<void>;
  /** Notes the newest time, and drops what is older than is kept. */
  finish(session: PgSession): Promise<void>;
  end(isCommitted: boolean): void;
}

interface Month {
  readonly fromMs: number;
  readonly toMs: number;
}

const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MS = Date.UTC(9999, 11);

/** `newestMs` of what the table has. Null for a table that has no partitions. */
export function monthsOf({ name, partitionBy, retentionMs }: PgTable, newestMs: number | null): Months | null {
  if (partitionBy === null) return null;
  const { path, type } = partitionBy.column;
  const perMs = unitsPerMs(type);
  const cutMs = (newest: number): number => (retentionMs === null ? Number.NEGATIVE_INFINITY : newest - retentionMs);
  let committed = {
    newest: newestMs ?? Number.NEGATIVE_INFINITY,
    made: new Set<number>(),
    cut: Number.NEGATIVE_INFINITY,
  };
  let now = { newest: committed.newest, made: new Set<number>(), cut: committed.cut };
  let wanted = new Set<number>();
  let month: Month = { fromMs: 0, toMs: 0 };

  return {
    taking(events, { log, firstOffset }, within, refuse) {
      const times = events.numbers(path);
      const nulls = events.column(path)?.nulls ?? null;
      return (row) => {
        if (within !== null && !within(row)) return false;
        const ms = Math.floor(times[row]! / perMs);
        if (nulls?.[row] === 1 || !(ms >= FIRST_MS && ms < LAST_MS)) {
          refuse([
            {
              log,
              offset: firstOffset + row,
              reason: `${path} is no time that a partition could be of: years 1 to 9999`,
            },
          ]);
          return false;
        }
        if (ms < month.fromMs || ms >= month.toMs) {
          month = monthAt(ms);
          wanted.add(month.fromMs);
        }
        if (ms > now.newest) now.newest = ms;
        return month.toMs > cutMs(now.newest);
      };
    },
    async make(session) {
      for (const fromMs of wanted) {
        if (committed.made.has(fromMs) || now.made.has(fromMs)) continue;
        const { toMs } = monthAt(fromMs);
        await session.run(
          `CREATE TABLE IF NOT EXISTS ${quotedName(partitionName(name, fromMs))} PARTITION OF ${quotedName(name)}
             FOR VALUES FROM (${quotedText(dayOf(fromMs))}) TO (${quotedText(dayOf(toMs))})`,
        );
        now.made.add(fromMs);
      }
      wanted = new Set([month.fromMs].filter(() => month.toMs > 0));
    },
    async finish(session) {
      if (now.newest === committed.newest) return;
      await session.run('UPDATE millrace_tables SET newest_ms = $2 WHERE table_name = $1', [name, now.newest]);
      const cut = cutMs(now.newest);
      // Within a month nothing more becomes too old.
      if (!Number.isFinite(cut) || monthAt(cut).fromMs === now.cut) return;
      now.cut = monthAt(cut).fromMs;
      const parts = await session.rows(
        'SELECT c.relname AS part FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1)',
        [quotedName(name)],
      );
      for (const { part } of parts) {
        const fromMs = monthOfPartition(name, String(part));
        if (fromMs !== null && monthAt(fromMs).toMs <= cut) {
          await session.run(`DROP TABLE ${quotedName(String(part))}`);
          now.made.delete(fromMs);
          committed.made.delete(fromMs);
        }
      }
    },
    end(isCommitted) {
      if (isCommitted) committed = { ...now, made: new Set([...committed.made, ...now.made]) };
      now = { newest: committed.newest, made: new Set(), cut: committed.cut };
      wanted = new Set();
      month = { fromMs: 0, toMs: 0 };
    },
  };
}

function unitsPerMs(type: StoreType): number {
  if (!('unit' in type) || type.unit === 'millis') return 1;
  return type.unit === 'micros' ? 1000 : 1_000_000;
}

function monthAt(ms: number): Month {
  const date = new Date(ms);
  const at = (months: number): number => {
    const first = new Date(0);
    first.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
    return first.getTime();
  };
  return { fromMs: at(0), toMs: at(1) };
}

/** 2026-11-01 */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function partitionName(table: string, fromMs: number): string {
  const [year, month] = dayOf(fromMs).split('-');
  return `${table}_y${year}m${month}`;
}

/** Null for a partition that somebody else made. */
function monthOfPartition(table: string, partition: string): number | null {
  const [, year, month] = /^_y(\d{4})m(\d\d)$/.exec(partition.slice(table.length)) ?? [];
  return partition.startsWith(table) && year !== undefined ? Date.parse(`${year}-${month}-01T00:00:00Z`) : null;
}
