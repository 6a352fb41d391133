/** What joins of two streams, and of a stream with a table, have in common. Sides are told apart as left and right. */
import type { Key } from './key-column.ts';

export type Side = 'left' | 'right';

/** An event, as a join keeps and gives it: Avro of its side's schema, one character for each byte. No join looks into it. */
export type JoinEvent = string;

export type JoinType = 'inner' | 'left' | 'outer';

export interface IntervalJoinSpec {
  readonly kind: 'interval';
  readonly type: JoinType;
  /** Events of a key match when their times are at most this far apart. */
  readonly withinMs: number | WithinMs;
  readonly graceMs: number;
}

/** How far the time of the right event may be before and after that of the left one, as in Kafka's JoinWindows. */
export interface WithinMs {
  readonly before: number;
  readonly after: number;
}

export interface WindowJoinSpec {
  readonly kind: 'window';
  readonly type: JoinType;
  /** Events of a key match when they are in the same tumbling window of this length. */
  readonly sizeMs: number;
  readonly offsetMs: number;
  readonly graceMs: number;
}

export type StreamJoinSpec = IntervalJoinSpec | WindowJoinSpec;

export interface TableJoinSpec {
  readonly kind: 'table';
  readonly type: 'inner' | 'left';
  /** How long, beyond the watermark, an event waits for changes of the table. */
  readonly graceMs: number;
  /** How long replaced versions are kept, for events that come late. */
  readonly historyMs: number;
  /**
   * The table's rows are results of a join. Their order of arrival depends on how the logs of that join's streams
   * interleave. So of two rows of one time, the one with the larger bytes holds.
   */
  readonly ofJoin?: true;
}

export interface TablesJoinSpec {
  readonly kind: 'tables';
  readonly type: JoinType;
  /** How long after the watermark a time is given; until then changes may come. */
  readonly graceMs: number;
  /** How long replaced versions are kept, for changes that come late. */
  readonly historyMs: number;
  /** Left rows refer to the right table by a field of their own. Such a join is never `outer`. */
  readonly isForeign?: true;
  /** Sides whose rows are results of a join of streams; see `ofJoin` of a join with one table. */
  readonly byContent?: readonly Side[];
}

export type JoinSpec = StreamJoinSpec | TableJoinSpec | TablesJoinSpec;

/** A result. One without a left and a right event says that the joined row of two tables is gone. */
export interface Joined {
  readonly key: Key;
  readonly left: JoinEvent | null;
  readonly right: JoinEvent | null;
  /** The larger of the times of both events. */
  readonly ts: number;
}

export interface JoinResults {
  push(result: Joined): unknown;
}

/** Stands in place of a row's sequence where there is no row. */
export const NO_ROW = -1;

/** What a snapshot keeps of one event, or of one version of a table. */
export interface JoinEntry {
  readonly side: Side;
  readonly key: Key;
  readonly timeMs: number;
  /** Order of arrival. */
  readonly sequence: number;
  readonly isMatched: boolean;
  /**
   * The partner with which a flush gave the event: the sequence of a table's row, or NO_ROW for a null side. Null where no
   * flush gave it.
   */
  readonly given: number | null;
  /** null where a table's row was deleted. */
  readonly event: JoinEvent | null;
  /** The key in the right table that a left table's row refers to. */
  readonly ref?: Key;
}

/** Compares by bytes; null is the smallest. */
export function isLarger(event: JoinEvent | null, other: JoinEvent | null): boolean {
  return event !== null && (other === null || event > other);
}

/** Watermarks never go back. */
export interface JoinOperator {
  /** Returns how far the watermark had passed the event when it is too late to be joined, else null. */
  add(
    side: Side,
    key: Key,
    timeMs: number,
    event: JoinEvent,
    watermarkMs: number,
    out: JoinResults,
    /** The key in the right table that a row of the left table refers to. */
    ref?: Key,
  ): number | null;
  /** A row of a table is gone from this time on; nothing for a side that is a stream. */
  remove(side: Side, key: Key, timeMs: number, watermarkMs: number, out: JoinResults): void;
  advance(watermarkMs: number, out: JoinResults): void;
  /** Gives what waits, as if nothing else came, and keeps it. A later match is given in addition. */
  flush(out: JoinResults): void;
  snapshot(): JoinEntry[];
  restore(entries: readonly JoinEntry[]): void;
  /** Events and versions that are kept. */
  size(): number;
}
