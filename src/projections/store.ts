/**
 * The port of every read model. Rows and the offsets that they reach commit in one transaction, so a store can be
 * deleted at any time and is rebuilt from the journal.
 */

import type { Columns } from '../messages/columns.ts';
import type { WindowResultType } from '../messages/window-result.ts';

/** A commit's place in the journal. */
export interface CommitPlace {
  readonly log: string;
  readonly stream: string;
  readonly partition: number;
  /** Epoch ms. */
  readonly committedAt: number;
}

/** Where the events of one section stand in the journal. */
export interface Where extends CommitPlace {
  /** Offset of the first of them. */
  readonly firstOffset: number;
}

/** An event as an object. */
export type EventRow = Readonly<Record<string, unknown>>;

/**
 * The events of one section. Each form is made when it is first asked for. Columns hold until those of another section
 * of the same type are asked for.
 */
export interface SectionEvents {
  readonly firstOffset: number;
  /**
   * The stream of the events where `typeName` is STREAM_EVENTS; absent where it is the commit's. A store that takes
   * events by name has that name here. Late events have the end that all their names have.
   */
  readonly table?: string;
  /** The full name of their type, WINDOW_RESULTS, JOIN_RESULTS or STREAM_EVENTS. */
  readonly typeName: string;
  /** The window whose results they are; null for any other type. */
  readonly window: WindowResultType | null;
  columns(): Columns;
  objects(): readonly EventRow[];
}

/** Stands for the types of all windows. */
export const WINDOW_RESULTS = 'dev.millrace.WindowResult';

/** Stands for the types of all joins. */
export const JOIN_RESULTS = 'dev.millrace.JoinResult';

/** Stands for the types of all declared streams: the events are those of `where.stream`. */
export const STREAM_EVENTS = 'dev.millrace.StreamEvents';

/** How many rows one query may return. Further rows are left out. */
export const MAX_QUERY_ROWS = 10_000;

/** A read of any length. Its rows come as they are asked for; those of a digest are its tables. */
export type LongRead = { readonly kind: 'query'; readonly sql: string } | { readonly kind: 'digest' };

export type SqlValue = string | number | boolean | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** A query of one store. */
export interface StoreQuery {
  readonly store: string;
  readonly sql: string;
}

export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  /** Sum over the rows of a 64-bit hash of each; independent of their order. Hexadecimal. */
  readonly hash: string;
}

/** An event that a table has no place for. The journal has it, and no row does. */
export interface RefusedEvent {
  /** The name of the table's events in the pipeline file. */
  readonly table: string;
  readonly log: string;
  readonly offset: number;
  /** Why the table has no place for it, in words for people. */
  readonly reason: string;
}

export interface Store {
  readonly name: string;
  /** The offset that is projected next, by log. A log that was never projected is absent. */
  offsets(): ReadonlyMap<string, number>;
  /** The offsets that would stay if the process ended now, by log; absent where these are `offsets`. */
  kept?(): ReadonlyMap<string, number>;
  /** Full names of the event types that the store has tables for; WINDOW_RESULTS may be among them. */
  readonly wants: ReadonlySet<string>;
  /**
   * What a declared store takes, by the names in the pipeline file, such as `clicks` or `clicks_per_user.late`. It is
   * given sections under these names. `wants` then has those that no stream has, such as tombstones.
   */
  readonly takes?: ReadonlySet<string>;
  begin(): Promise<void>;
  /** Takes the sections of one commit whose types it wants. What the sections give is gone once this has resolved. */
  project(sections: readonly SectionEvents[], commit: CommitPlace): Promise<void> | void;
  /** Commits the rows since begin() together with these offsets. */
  commit(offsets: ReadonlyMap<string, number>): Promise<void>;
  rollback(): Promise<void>;
  /** Events of the last commit that a table could not hold; absent where tables hold all events. */
  refused?(): readonly RefusedEvent[];
  /** Runs one read-only statement. Throws on anything that would write. */
  query(sql: string): Promise<Row[]>;
  digest(): Promise<TableDigest[]>;
  /**
   * Any number of rows as they come, beside transactions; the signal interrupts it. Absent where the store's driver
   * reads apart.
   */
  readBeside?(read: LongRead, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  /** Copies the store's file to a path, between two transactions. Absent where nobody else could read it. */
  copy?(to: string): Promise<void>;
  /**
   * Reads all that is on the disk. Resolves with what is not as it was written, for people; null when everything is.
   */
  verify(signal: AbortSignal): Promise<string | null>;
  close(): Promise<void>;
}

/** What the SQL of stores says differently. */
export interface Dialect {
  /** An instant as epoch milliseconds. */
  instant(column: string): string;
  /** The first characters of a text, or of bytes that are a text. */
  beginning(column: string, characters: number): string;
}

/** Something was asked of a store that the pipeline does without. */
export class StoreIsOff extends Error {
  readonly store: string;

  constructor(store: string) {
    super(`The pipeline runs without the ${store} store: its file says \`stores: { ${store}: false }\``);
    this.name = 'StoreIsOff';
    this.store = store;
  }
}
