/**
 * The changes of a table, as its replication slot gives them: an inserted or updated row is an event, a deleted one a
 * deletion of its key. The place of a partition is the transaction's place and how many of the transaction's changes
 * the partition has; by it, changes that the slot sends again are left out. The slot is told of a transaction once all
 * partitions have it on disk.
 */

import type { TablePosition } from '../../messages/table-position.ts';
import { lsnText, type PgOutput, type Relation, readPgOutput, type SentRow, UNSENT } from '../../postgres/pgoutput.ts';
import { openReplication, type Replication } from '../../postgres/replication.ts';
import type { PgSession } from '../../postgres/session.ts';
import { openSession } from '../../postgres/session.ts';
import { textForms } from '../../postgres/text-json.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { InputError } from '../source.ts';
import { catchUp, markWhole, type PartitionPlaces, type Reading, readPages } from './read-increasing.ts';
import { type PostgresSourceSettings, tableSql } from './settings.ts';
import { type RowJson, rowJson } from './table-rows.ts';

export interface ChangesReading extends Reading {
  readonly settings: PostgresSourceSettings & { readonly slot: string };
  /** The key of the stream: its column. */
  readonly keyColumn: string;
  /** How far the server is, and what it need not keep any more: places in its log. */
  progress(endLsn: number, confirmedLsn: number): void;
}

/** Changes that become one commit of a partition. */
const BATCH_ROWS = 2000;
const APPLICATION = 'millrace source';

export async function readChanges(reading: ChangesReading, session: PgSession): Promise<void> {
  const { settings, places, intake, signal } = reading;
  const { slot } = settings;
  const replication = await openReplication(settings, APPLICATION);
  const stop = (): void => void replication.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let now: PartitionPlaces = await places.open(intake, signal);
    const publication = settings.publication ?? slot;
    const snapshot = await prepare(session, replication, settings, publication, now);
    if (now.some(({ isWhole }) => !isWhole)) now = await copy(reading, snapshot, now);
    if (signal.aborted) return;
    replication.start(slot, publication);
    await follow(reading, session, replication, now);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await replication.close();
  }
}

/** Resolves with the snapshot of a slot that was made now; null for one that was there. */
async function prepare(
  session: PgSession,
  replication: Replication,
  { slot, table }: ChangesReading['settings'],
  publication: string,
  now: PartitionPlaces,
): Promise<string | null> {
  const [known] = await session.rows('SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1', [publication]);
  if (known === undefined) {
    await session.run(
      `CREATE PUBLICATION ${quotedName(publication)} FOR TABLE ${tableSql(table ?? '')}
       WITH (publish = 'insert, update, delete', publish_via_partition_root = true)`,
    );
  }
  const [there] = await session.rows(
    'SELECT wal_status::text AS state FROM pg_catalog.pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  const begun = now.some(({ piece }) => piece > 0);
  if (there !== undefined && there.state !== 'lost') return null;
  if (!begun && there === undefined) return replication.createSlot(slot);
  const lsn = Math.max(...now.map((place) => place.lsn));
  const what = there === undefined ? 'is not there any more' : 'has lost changes (wal_status is lost)';
  throw new InputError(
    `the replication slot ${slot} ${what}, and ${table} was read up to ${lsnText(lsn)}: changes since then can't be had. ` +
      'Name another slot in the pipeline file: the table is then read from the beginning, each row once more',
  );
}

/** Of the rows that are there: as of the slot, or from where an earlier process was interrupted. */
async function copy(reading: ChangesReading, snapshot: string | null, from: PartitionPlaces): Promise<PartitionPlaces> {
  const { settings, signal } = reading;
  const session = await openSession(settings, APPLICATION);
  try {
    await session.run('BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ');
    if (snapshot !== null) await session.run(`SET TRANSACTION SNAPSHOT ${quotedText(snapshot)}`);
    const [clock] = await session.rows('SELECT floor(extract(epoch FROM now()) * 1000)::text AS ms');
    const copying = { ...reading, copiedAtMs: settings.eventTime === 'commit' ? Number(clock?.ms) : null };
    const caughtUp = await catchUp(copying, session, from);
    if (caughtUp.every(({ isWhole }) => isWhole)) return caughtUp;
    const read = settings.snapshot === 'never' ? caughtUp : await readPages(copying, session, caughtUp, null);
    return signal.aborted ? read : await markWhole(copying, read);
  } finally {
    await session.close();
  }
}

interface Transaction {
  readonly lsn: number;
  readonly committedAtMs: number;
  changes: number;
}

interface Table {
  readonly name: string;
  readonly json: RowJson;
  /** Of the columns that the JSON has, in their order. */
  readonly indexes: readonly number[];
  readonly names: readonly string[];
  readonly key: number;
}

async function follow(
  reading: ChangesReading,
  session: PgSession,
  replication: Replication,
  from: PartitionPlaces,
): Promise<void> {
  const { source, blocks, places, intake, settings, signal, failed } = reading;
  const now: TablePosition[] = [...from];
  const own = await resolved(session, settings.table ?? '');
  const tables = new Map<number, Table | null>();
  let piece = Math.max(...now.map((place) => place.piece));
  const state: { transaction: Transaction | null; isWithin: boolean } = { transaction: null, isWithin: false };
  /** The end of the last transaction that was read whole, and of those that wait for partitions. */
  let endLsn = 0;
  let serverLsn = 0;
  const waiting: { readonly endLsn: number; open: number }[] = [];

  function settle(): void {
    while (waiting[0]?.open === 0) replication.confirm(waiting.shift()?.endLsn ?? 0);
    if (waiting.length === 0 && blocks.rows() === 0 && endLsn > 0) replication.confirm(endLsn);
    reading.progress(serverLsn, waiting[0] === undefined ? serverLsn : waiting[0].endLsn);
  }

  async function flush({ lsn, changes }: Transaction): Promise<void> {
    piece += 1;
    const place = { source, piece, values: now[0]?.values ?? [], isWhole: true, lsn, change: changes };
    const entry = { endLsn, open: 0 };
    waiting.push(entry);
    const onDurable = (): void => {
      entry.open -= 1;
      settle();
    };
    const taken = [...blocks.take().entries()].filter(([, { length }]) => length > 0);
    entry.open = taken.length;
    for (const [partition, mine] of taken) {
      await places.deliver(intake, { partition, place, blocks: mine, onDurable, onRejected: failed });
      now[partition] = place;
    }
    reading.check();
  }

  async function take(message: PgOutput): Promise<void> {
    switch (message.kind) {
      case 'begin':
        state.transaction = { lsn: message.commitLsn, committedAtMs: message.committedAtMs, changes: 0 };
        state.isWithin = true;
        return;
      case 'relation':
        tables.set(message.id, await tableOf(reading, session, message.relation, own));
        return;
      case 'truncate':
        if (message.relations.some((id) => tables.get(id) !== null)) {
          reading.tell(`the table ${settings.table} was emptied by TRUNCATE, which is no deletion of rows here`);
        }
        return;
      case 'insert':
      case 'update':
      case 'delete':
        if (state.transaction !== null) change(message, state.transaction);
        if (state.transaction !== null && blocks.rows() >= BATCH_ROWS) await flush(state.transaction);
        return;
      case 'commit':
        endLsn = message.endLsn;
        state.isWithin = false;
        return;
      default:
    }
  }

  function change(message: Extract<PgOutput, { relation: number; row: SentRow }>, within: Transaction): void {
    const table = tables.get(message.relation);
    if (table === undefined || table === null) return;
    const index = within.changes++;
    const hasAlready = (partition: number): boolean => {
      const { lsn = 0, change: behind = 0 } = now[partition] ?? {};
      return lsn > within.lsn || (lsn === within.lsn && index < behind);
    };
    const { lsn, committedAtMs } = within;
    const keyOf = (row: SentRow): string | null => {
      const key = row[table.key];
      return typeof key === 'string' ? key : null;
    };
    if (message.kind === 'delete') {
      blocks.remove(keyOf(message.row), lsn, committedAtMs, hasAlready);
      return;
    }
    const before = message.kind === 'update' ? message.before : null;
    if (before !== null && keyOf(before.row) !== keyOf(message.row)) {
      blocks.remove(keyOf(before.row), lsn, committedAtMs, hasAlready);
    }
    const row: (string | null)[] = [];
    for (const [i, at] of table.indexes.entries()) {
      const sent = message.row[at] ?? null;
      const value = sent === UNSENT && before?.isWhole === true ? (before.row[at] ?? null) : sent;
      if (value === UNSENT) {
        const detail = `${table.names[i]} is large and did not change, and so was not sent; \`ALTER TABLE ${table.name} REPLICA IDENTITY FULL\` has it sent`;
        if (!hasAlready(0)) blocks.refuse('value-not-sent', detail, `key ${keyOf(message.row)}`, lsn);
        return;
      }
      row.push(value);
    }
    blocks.add(table.json(row), lsn, settings.eventTime === 'commit' ? committedAtMs : null, hasAlready);
  }

  while (!signal.aborted) {
    const frames = await replication.read();
    for (const frame of frames) {
      if (frame.kind === 'data') await take(readPgOutput(frame.message));
      // Between two transactions: everything before it is of other tables, or was read.
      else {
        serverLsn = Math.max(serverLsn, frame.endLsn);
        if (!state.isWithin) endLsn = Math.max(endLsn, frame.endLsn);
      }
    }
    if (state.transaction !== null && blocks.rows() > 0) await flush(state.transaction);
    settle();
    reading.check();
  }
}

/** Schema and name, as the server finds them. */
async function resolved(session: PgSession, table: string): Promise<string> {
  const [row] = await session.rows(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::regclass`,
    [tableSql(table)],
  );
  return String(row?.name);
}

/** Null for another table of the same publication. */
async function tableOf(
  { table: { columns, texts }, keyColumn }: ChangesReading,
  session: PgSession,
  relation: Relation,
  own: string,
): Promise<Table | null> {
  const name = `${relation.schema}.${relation.table}`;
  if (name !== own) return null;
  const at = new Map(relation.columns.map((column, i) => [column.name, i]));
  // A column that was dropped: its field has its default, or its rows are refused.
  const there = columns.filter(({ column }) => at.has(column));
  const indexes = there.map(({ column }) => at.get(column) ?? 0);
  const oids = indexes.map((i) => relation.columns[i]?.oid ?? 0);
  const json = rowJson({ columns: there, texts }, oids, await textForms(session.rows, oids));
  return { name, json, indexes, names: there.map(({ column }) => column), key: at.get(keyColumn) ?? -1 };
}
