/** Reads the rows of a table that are new or changed, by columns whose values rise, again and again. */

import type { TablePosition } from '../../messages/table-position.ts';
import type { PgSession } from '../../postgres/session.ts';
import type { Intake } from '../source.ts';
import type { TablePlaces } from './places.ts';
import type { RowBlocks } from './row-blocks.ts';
import { runningTransactions, type Settling, stillRunning } from './settled.ts';
import { lastValues, type ReadTable, readPage } from './table-rows.ts';

export interface Reading {
  readonly source: string;
  readonly table: ReadTable;
  readonly blocks: RowBlocks;
  readonly places: TablePlaces;
  readonly intake: Intake;
  readonly signal: AbortSignal;
  /** The event time of rows that are copied, where it is none of their columns. */
  readonly copiedAtMs: number | null;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  failed(error: Error): void;
  /** Throws what `failed` was told. */
  check(): void;
  tell(problem: string | null): void;
}

/** Rows of a page, which is one commit of each partition. */
const PAGE_ROWS = 2000;
/** Between two looks at the transactions that are waited for. */
const LOOK_MS = 100;
/** For so long nobody is told that a transaction is waited for. */
const PATIENT_MS = 10_000;

/** Where the partitions are, by their numbers. */
export type PartitionPlaces = readonly TablePosition[];

/** Delivers a page to the partitions that are not beyond `behind`. Resolves with where all of them are then. */
async function deliver(
  { blocks, places, intake, copiedAtMs, failed, check }: Reading,
  now: PartitionPlaces,
  rows: readonly string[],
  behind: number,
  next: TablePosition,
): Promise<PartitionPlaces> {
  const hasAlready = (partition: number): boolean => (now[partition]?.piece ?? 0) > behind;
  for (const row of rows) blocks.add(row, next.piece, copiedAtMs, hasAlready);
  for (const [partition, own] of blocks.take().entries()) {
    if (hasAlready(partition)) continue;
    await places.deliver(intake, { partition, place: next, blocks: own, onRejected: failed });
    check();
  }
  return now.map((place, partition) => (hasAlready(partition) ? place : next));
}

/** Brings partitions that a crash left behind to where the others are, with the rows between. */
export async function catchUp(reading: Reading, session: PgSession, from: PartitionPlaces): Promise<PartitionPlaces> {
  let now = from;
  for (;;) {
    const behind = now.reduce((a, b) => (b.piece < a.piece ? b : a));
    const beyond = now.filter(({ piece, isWhole }) => piece > behind.piece && !(isWhole && behind.isWhole));
    const [first] = beyond;
    if (first === undefined) return now;
    // The changes of a table come from its slot once more; which a partition has, it says itself.
    const next = { ...beyond.reduce((a, b) => (b.piece < a.piece ? b : a), first), lsn: 0, change: 0 };
    const isEmpty = next.values.length === 0 || next.values.join('\0') === behind.values.join('\0');
    const all = { after: behind.values, upTo: next.values, rows: 1_000_000_000 };
    const page = isEmpty ? null : await readPage(session, reading.table, all);
    now = await deliver(reading, now, page?.rows ?? [], behind.piece, next);
  }
}

/** Reads from where all partitions are, up to `upTo` or the end. */
export async function readPages(
  reading: Reading,
  session: PgSession,
  from: PartitionPlaces,
  upTo: readonly string[] | null,
): Promise<PartitionPlaces> {
  const { source, table, signal } = reading;
  let now = from;
  while (!signal.aborted) {
    const { piece = 0, values = [] } = now[0] ?? {};
    const page = await readPage(session, table, { after: values, upTo, rows: PAGE_ROWS });
    if (page === null) break;
    const next = { source, piece: piece + 1, values: [...page.last], isWhole: false, lsn: 0, change: 0 };
    now = await deliver(reading, now, page.rows, piece, next);
  }
  return now;
}

/** Says to all partitions that the rows that were there at first have been read. */
export function markWhole(reading: Reading, from: PartitionPlaces): Promise<PartitionPlaces> {
  const { source } = reading;
  const { piece = 0, values = [] } = from[0] ?? {};
  return deliver(reading, from, [], piece, { source, piece: piece + 1, values, isWhole: true, lsn: 0, change: 0 });
}

/** Until the signal aborts. */
export async function readIncreasing(reading: Reading, session: PgSession, everyMs: number): Promise<void> {
  const { table, places, intake, signal, sleep } = reading;
  let now = await catchUp(reading, session, await places.open(intake, signal));
  while (!signal.aborted) {
    const upTo = await lastValues(session, table);
    const known = now.every(({ values }) => values.join('\0') === upTo?.join('\0'));
    if (upTo !== null && !known) {
      const settling: Settling = { upTo, running: new Set((await runningTransactions(session)).keys()) };
      await settled(reading, session, settling);
      now = await readPages(reading, session, now, upTo);
    }
    reading.check();
    await sleep(everyMs, signal);
  }
}

async function settled(reading: Reading, session: PgSession, settling: Settling): Promise<void> {
  for (let waitedMs = 0; !reading.signal.aborted; waitedMs += LOOK_MS) {
    const left = settling.running.size === 0 ? [] : stillRunning(settling, await runningTransactions(session));
    if (left.length === 0) break;
    if (waitedMs >= PATIENT_MS) {
      reading.tell(
        `waits for transactions that may still bring rows below the newest, of the processes ${left.join(', ')} of the server (pg_stat_activity)`,
      );
    }
    await reading.sleep(LOOK_MS, reading.signal);
  }
  reading.tell(null);
}
