/**
 * The rows of one table in one transaction: gathered, then copied. Rows that the server refuses are found and left out.
 */
import type { Columns } from '../../messages/columns.ts';
import type { Tombstone } from '../../messages/streams.ts';
import { type CopiedRows, type CopyRows, copyRows, type RefusedRow } from '../../postgres/copy-rows.ts';
import { type PgSession, PostgresError } from '../../postgres/session.ts';
import type { Where } from '../../projections/store.ts';
import { quotedName } from '../../sql-quotes.ts';
import { columnName, keyOf, type PgTable, PLACE_COLUMNS } from './ddl.ts';
import { type Months, monthsOf } from './months.ts';
import { buryTombstones, type Grave, notBuried } from './tombstones.ts';

export interface TableWriter {
  readonly table: PgTable;
  take(events: Columns, where: Where): void;
  remove(tombstones: readonly Tombstone[], where: Where): void;
  /** Of rows that were not written yet. */
  bytes(): number;
  /** Writes them into the session's transaction. */
  flush(session: PgSession): Promise<void>;
  /** What comes behind the last rows of a transaction. */
  finish(session: PgSession): Promise<void>;
  /** Of this transaction. */
  refused(): readonly RefusedRow[];
  /** Of a transaction that was committed, or rolled back. */
  end(isCommitted: boolean): void;
}

/** Classes of SQLSTATE that are a row's own fault: data exception, integrity constraint. */
const OF_A_ROW = /^(22|23)/;

export function tableWriter(table: PgTable, newestMs: number | null, hasTombstones: boolean): TableWriter {
  const { of, columns, upsert } = table;
  const newerColumn = upsert === null ? undefined : columns.find(({ column }) => column.name === upsert.newerBy);
  const rows: CopyRows = copyRows({
    columns: columns.map(({ name, column: { path, type } }) => ({ name, path, type })),
    keyed: upsert?.key.length ?? 0,
    newerBy: newerColumn?.column.path ?? null,
  });
  const names = [...columns.map(({ name }) => quotedName(name)), ...PLACE_COLUMNS].join(', ');
  const target = quotedName(table.name);
  const stage = quotedName(columnName(`stage ${table.name}`));
  const months: Months | null = monthsOf(table, newestMs);
  let graves: Grave[] = [];
  let refused: RefusedRow[] = [];
  let isStaged = false;
  let buries = hasTombstones;

  function noteRefused(all: readonly RefusedRow[]): void {
    refused.push(...all);
  }

  function mergeSql(): string {
    const placed = (alias: string) =>
      [...(newerColumn === undefined ? [] : [newerColumn.name]), ...PLACE_COLUMNS]
        .map((name) => `${alias}.${quotedName(name)}`)
        .join(', ');
    const own = [...columns.map(({ name }) => quotedName(name)), ...PLACE_COLUMNS];
    const where = buries ? ` WHERE ${notBuried(table, 's')}` : '';
    return `INSERT INTO ${target} AS t (${names}) SELECT ${names} FROM ${stage} s${where}
      ON CONFLICT (${keyOf(table).join(', ')}) DO UPDATE SET ${own.map((name) => `${name} = excluded.${name}`).join(', ')}
      WHERE (${placed('excluded')}) > (${placed('t')})`;
  }

  async function write(session: PgSession, taken: CopiedRows, from: number, to: number): Promise<void> {
    const parts = taken.parts(from, to);
    if (upsert === null) return session.copy(`COPY ${target} (${names}) FROM STDIN (FORMAT binary)`, parts);
    if (!isStaged) {
      await session.run(`CREATE TEMP TABLE IF NOT EXISTS ${stage} (LIKE ${target})`);
      isStaged = true;
    }
    await session.copy(`COPY ${stage} (${names}) FROM STDIN (FORMAT binary)`, parts);
    await session.run(mergeSql());
    await session.run(`TRUNCATE ${stage}`);
  }

  /** All of them; where one is at fault, in halves, until that one stands alone. */
  async function writeApart(session: PgSession, taken: CopiedRows, from: number, to: number): Promise<void> {
    if (from >= to) return;
    const wasStaged = isStaged;
    await session.run('SAVEPOINT rows');
    try {
      await write(session, taken, from, to);
      await session.run('RELEASE SAVEPOINT rows');
    } catch (error) {
      if (!(error instanceof PostgresError) || !OF_A_ROW.test(error.code)) throw error;
      await session.run('ROLLBACK TO SAVEPOINT rows');
      isStaged = wasStaged;
      if (to - from === 1) return noteRefused([{ ...taken.placeOf(from), reason: error.message }]);
      const middle = (from + to) >> 1;
      await writeApart(session, taken, from, middle);
      await writeApart(session, taken, middle, to);
    }
  }

  return {
    table,
    take(events, where) {
      const ofWindow = of.lateFor === undefined ? null : textsAre(events, 'window', of.lateFor);
      rows.take(events, where, months === null ? ofWindow : months.taking(events, where, ofWindow, noteRefused));
      noteRefused(rows.refused());
    },
    remove(tombstones, { partition, firstOffset }) {
      if (upsert === null || of.role !== 'stream' || upsert.key.join() !== of.key.join()) return;
      for (const [i, { key, occurredAt }] of tombstones.entries()) {
        graves.push({ key: String(key), occurredAt, partition, offset: firstOffset + i });
      }
    },
    bytes: rows.bytes,
    async flush(session) {
      if (rows.bytes() === 0) return;
      const taken = rows.takeOut();
      if (months !== null) await months.make(session);
      await writeApart(session, taken, 0, taken.count);
    },
    async finish(session) {
      if (graves.length > 0) {
        await buryTombstones(session, table, graves);
        buries = true;
      }
      await months?.finish(session);
    },
    refused: () => refused,
    end(isCommitted) {
      rows.clear();
      graves = [];
      refused = [];
      isStaged = isStaged && isCommitted;
      months?.end(isCommitted);
    },
  };
}

function textsAre(events: Columns, path: string, text: string): (row: number) => boolean {
  const column = events.column(path);
  if (column?.kind !== 'text') return () => false;
  const { bytes, starts, ends } = column;
  const wanted = Buffer.from(text, 'utf8');
  return (row) => wanted.equals(bytes.subarray(starts[row], ends[row]));
}
