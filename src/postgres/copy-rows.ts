/**
 * Rows of one table on their way into PostgreSQL, in the binary form of COPY. Of rows with a key only the newest of each is
 * kept. A row that PostgreSQL has no place for is taken away again, with the reason.
 */
import type { Columns } from '../messages/columns.ts';
import type { StoreType } from '../projections/store-tables.ts';
import { type CopyBytes, copyBytes, putInt, putInt16, putLong } from './copy-bytes.ts';
import { type PutRow, putColumn } from './copy-values.ts';

/** What the rows are made of. */
export interface CopyLayout {
  readonly columns: readonly { readonly name: string; readonly path: string; readonly type: StoreType }[];
  /** So many of the first columns are the key; 0 for rows without one. */
  readonly keyed: number;
  /** The path of the number by which the newer of two rows of a key is known, before their places; null for the places alone. */
  readonly newerBy: string | null;
}

/** Where the events of a section lie. */
export interface CopyPlace {
  readonly log: string;
  readonly partition: number;
  readonly firstOffset: number;
}

export interface RefusedRow {
  readonly log: string;
  readonly offset: number;
  readonly reason: string;
}

/** Whole rows, taken out of where they were gathered. */
export interface CopiedRows {
  readonly count: number;
  /** The bytes of rows from one on up to another: what a COPY of them takes. */
  parts(from: number, to: number): Uint8Array[];
  placeOf(row: number): Pick<RefusedRow, 'log' | 'offset'>;
}

export interface CopyRows {
  /** Takes the rows of a section, all or those that are told. */
  take(events: Columns, place: CopyPlace, isTaken: ((row: number) => boolean) | null): void;
  /** Of rows that were not taken out yet. */
  bytes(): number;
  takeOut(): CopiedRows;
  /** Rows refused since the last takeOut(). */
  refused(): readonly RefusedRow[];
  clear(): void;
}

/** Signature, flags and the length of no extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);

export function copyRows({ columns, keyed, newerBy }: CopyLayout): CopyRows {
  let w: CopyBytes = copyBytes();
  let starts: number[] = [];
  let ends: number[] = [];
  let offsets: number[] = [];
  let logs: string[] = [];
  /** Of rows with a key: what tells which is newer. */
  let orders: number[] = [];
  let partitions: number[] = [];
  let byKey = new Map<string, number>();
  let refusals: RefusedRow[] = [];
  const width = columns.length + 2;

  /** Whether the row that was begun at `start` is the newest of its key so far. An older one is taken away. */
  function isNewest(
    start: number,
    keyEnd: number,
    order: number,
    { partition, firstOffset }: CopyPlace,
    row: number,
  ): boolean {
    const key = w.bytes.toString('latin1', start + 2, keyEnd);
    const known = byKey.get(key);
    if (known !== undefined) {
      const older = orders[known]! - order || partitions[known]! - partition || offsets[known]! - (firstOffset + row);
      if (older > 0) return false;
      ends[known] = starts[known]!;
    }
    byKey.set(key, starts.length);
    return true;
  }

  /** The first column that can't hold what the row has. */
  function reasonOf(puts: readonly PutRow[], row: number): string {
    for (let i = 0; i < puts.length; i++) {
      w.problem = null;
      puts[i]!(row);
      if (w.problem !== null) return `${columns[i]!.name} has ${w.problem}`;
    }
    return 'it can not be written';
  }

  function reset(): void {
    w.at = 0;
    w.problem = null;
    starts = [];
    ends = [];
    offsets = [];
    logs = [];
    orders = [];
    partitions = [];
    byKey = new Map();
    refusals = [];
  }

  return {
    take(events, place, isTaken) {
      const { count } = events;
      const { log, partition, firstOffset } = place;
      const puts = columns.map(({ path, type }): PutRow => putColumn(w, type, events.column(path)));
      const newer = newerBy === null ? null : events.numbers(newerBy);
      for (let row = 0; row < count; row++) {
        if (isTaken !== null && !isTaken(row)) continue;
        const start = w.at;
        putInt16(w, width);
        let keyEnd = start;
        for (let i = 0; i < puts.length; i++) {
          puts[i]!(row);
          if (i === keyed - 1) keyEnd = w.at;
        }
        if (w.problem !== null) {
          refusals.push({ log, offset: firstOffset + row, reason: reasonOf(puts, row) });
          w.problem = null;
          w.at = start;
          continue;
        }
        const order = newer === null ? 0 : newer[row]!;
        if (keyed > 0 && !isNewest(start, keyEnd, order, place, row)) {
          w.at = start;
          continue;
        }
        putInt(w, partition);
        putLong(w, firstOffset + row);
        starts.push(start);
        ends.push(w.at);
        offsets.push(firstOffset + row);
        logs.push(log);
        if (keyed > 0) {
          orders.push(order);
          partitions.push(partition);
        }
      }
    },
    bytes: () => w.at,
    takeOut() {
      const taken = { bytes: w.bytes, starts, ends, offsets, logs };
      w = copyBytes(w.at);
      const kept = refusals;
      reset();
      refusals = kept;
      return {
        count: taken.starts.length,
        placeOf: (row) => ({ log: taken.logs[row] ?? '', offset: taken.offsets[row] ?? 0 }),
        parts: (from, to) => [HEADER, ...runs(taken.bytes, taken.starts, taken.ends, from, to), TRAILER],
      };
    },
    refused() {
      const all = refusals;
      refusals = [];
      return all;
    },
    clear: reset,
  };
}

/** Rows that lie one behind the other are one piece; those that a newer one took the place of are left out. */
function runs(
  bytes: Buffer,
  starts: readonly number[],
  ends: readonly number[],
  from: number,
  to: number,
): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let first = starts[from] ?? 0;
  let end = first;
  for (let row = from; row < to; row++) {
    if (ends[row] === starts[row]) continue;
    if (starts[row] !== end) {
      if (end > first) pieces.push(bytes.subarray(first, end));
      first = starts[row]!;
    }
    end = ends[row]!;
  }
  if (end > first) pieces.push(bytes.subarray(first, end));
  return pieces;
}
