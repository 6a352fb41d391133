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
 * The events of one section. Either form is made when it is first asked for. Columns hold until those of another section of the
 * same type are asked for.
 */
export interface SectionEvents {
  readonly firstOffset: number;
  /**
   * Of STREAM_EVENTS, the stream that they are of; absent: that of the commit. Of a store that takes events by name, that name; of
   * late events the end of all their names.
   */
  readonly table?: string;
  /** Full name of their type, WINDOW_RESULTS, JOIN_RESULTS or STREAM_EVENTS. */
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

/** Rows that one query may return; what is beyond them is left out. */
export const MAX_QUERY_ROWS = 10_000;

/** A read of any length, whose rows come as they are asked for. Those of a digest are its tables. */
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

/** An event that a table has no place for: it is in the journal, and in no row. */
export interface RefusedEvent {
  /** As the pipeline file calls what the table is of. */
  readonly table: string;
  readonly log: string;
  readonly offset: number;
  /** In words for people. */
  readonly reason: string;
}

export interface Store {
  readonly name: string;
  /** Offset that is projected next, by log; a log that was never projected is absent. */
  offsets(): ReadonlyMap<string, number>;
  /** What of them stays when the process ends now, by log; absent where that is all. */
  kept?(): ReadonlyMap<string, number>;
  /** Full names of the event types that it has tables for; WINDOW_RESULTS among them. */
  readonly wants: ReadonlySet<string>;
  /**
   * Of a store that the pipeline file declares: what it takes as the file calls it, such as `clicks` or `clicks_per_user.late`. It
   * is given sections under these names, and `wants` are those of them that no stream has, such as tombstones.
   */
  readonly takes?: ReadonlySet<string>;
  begin(): Promise<void>;
  /** Takes those sections of one commit that are of a type that it wants. What they give is gone once this has resolved. */
  project(sections: readonly SectionEvents[], commit: CommitPlace): Promise<void> | void;
  /** Commits the rows since begin() together with these offsets. */
  commit(offsets: ReadonlyMap<string, number>): Promise<void>;
  rollback(): Promise<void>;
  /** Events of the last commit that a table could not hold; absent where each table holds all that there is. */
  refused?(): readonly RefusedEvent[];
  /** Runs one read-only statement. Throws on anything that would write. */
  query(sql: string): Promise<Row[]>;
  digest(): Promise<TableDigest[]>;
  /** Rows of any number as they come, beside transactions; the signal interrupts it. Absent where its driver reads apart. */
  readBeside?(read: LongRead, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  /** Copies its file to a path, between two transactions. Absent where nobody else could read it. */
  copy?(to: string): Promise<void>;
  /** Reads all that is on the disk. Resolves with what of it is not as it was written, for people; null when all is. */
  verify(signal: AbortSignal): Promise<string | null>;
  close(): Promise<void>;
}

/** How a store's SQL says what not every SQL says alike. */
export interface Dialect {
  /** An instant as epoch milliseconds. */
  instant(column: string): string;
  /** The first characters of a text, or of bytes that are one. */
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
