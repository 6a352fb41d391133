/**
 * The port of every read model. Rows and the offsets that they reach commit in one transaction, so a store can be
 * deleted at any time and is rebuilt from the journal.
 */

import type { Columns } from '../messages/columns.ts';
import type { WindowResultType } from '../messages/window-result.ts';

/** Where the events of one section stand in the journal. */
export interface Where {
  readonly log: string;
  readonly stream: string;
  readonly partition: number;
  /** Offset of the first of them. */
  readonly firstOffset: number;
  /** Of their commit, epoch ms. */
  readonly committedAt: number;
}

/** The events of one section. Either form is made when it is first asked for. */
export interface SectionEvents {
  /** Full name of their type, WINDOW_RESULTS, JOIN_RESULTS or STREAM_EVENTS. */
  readonly typeName: string;
  /** The window whose results they are; null for any other type. */
  readonly window: WindowResultType | null;
  columns(): Columns;
  objects(): readonly unknown[];
}

/** Stands for the types of all windows. */
export const WINDOW_RESULTS = 'dev.millrace.WindowResult';

/** Stands for the types of all joins. */
export const JOIN_RESULTS = 'dev.millrace.JoinResult';

/** Stands for the types of all declared streams: the events are those of `where.stream`. */
export const STREAM_EVENTS = 'dev.millrace.StreamEvents';

/** Rows that one query may return; what is beyond them is left out. */
export const MAX_QUERY_ROWS = 10_000;

export type SqlValue = string | number | boolean | null;
export type Row = Readonly<Record<string, SqlValue>>;

export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  /** Sum over the rows of a 64-bit hash of each; independent of their order. Hexadecimal. */
  readonly hash: string;
}

export interface Store {
  readonly name: StoreName;
  /** Offset that is projected next, by log; a log that was never projected is absent. */
  offsets(): ReadonlyMap<string, number>;
  /** Full names of the event types that it has tables for; WINDOW_RESULTS among them. */
  readonly wants: ReadonlySet<string>;
  begin(): Promise<void>;
  /** Takes the events of one section, of a type that it wants. */
  project(section: SectionEvents, where: Where): void;
  /** Commits the rows since begin() together with these offsets. */
  commit(offsets: ReadonlyMap<string, number>): Promise<void>;
  rollback(): Promise<void>;
  /** Runs one read-only statement. Throws on anything that would write. */
  query(sql: string): Promise<Row[]>;
  digest(): Promise<TableDigest[]>;
  /** Reads all that is on the disk. Resolves with what of it is not as it was written, for people; null when all is. */
  verify(signal: AbortSignal): Promise<string | null>;
  close(): Promise<void>;
}

export const STORE_NAMES = ['sqlite', 'duckdb'] as const;
export type StoreName = (typeof STORE_NAMES)[number];

/** What the names of a store's files end with. */
export const STORE_SUFFIXES: Readonly<Record<StoreName, readonly string[]>> = {
  sqlite: ['', '-wal', '-shm', '-sums'],
  duckdb: ['', '.wal'],
};

/** File of each store, under the data directory. */
export const STORE_FILES: Readonly<Record<StoreName, string>> = {
  sqlite: 'operations.sqlite',
  duckdb: 'analytics.duckdb',
};
