/** What joins of two streams, and of a stream with a table, have in common. Sides are told apart as left and right. */
import type { Key } from './key-column.ts';

export type Side = 'left' | 'right';

/** An event, as a join keeps and gives it: Avro of its side's schema, a character a byte, which no join looks into. */
export type JoinEvent = string;

export type JoinType = 'inner' | 'left' | 'outer';

export interface IntervalJoinSpec {
  readonly kind: 'interval';
  readonly type: JoinType;
  /** Events of a key match whose times are at most so far apart. */
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
  /** Events of a key match that are in the same tumbling window. */
  readonly sizeMs: number;
  readonly offsetMs: number;
  readonly graceMs: number;
}

export type StreamJoinSpec = IntervalJoinSpec | WindowJoinSpec;

export interface TableJoinSpec {
  readonly kind: 'table';
  readonly type: 'inner' | 'left';
  /** An event waits so long, beyond the watermark, for changes of the table. */
  readonly graceMs: number;
  /** Versions that were replaced are kept so long, for events that come late. */
  readonly historyMs: number;
  /**
   * The rows of the table are results of a join, whose order of arrival depends on how the logs of its streams interleave:
   * of two of one time, the larger by its bytes holds.
   */
  readonly ofJoin?: true;
}

export interface TablesJoinSpec {
  readonly kind: 'tables';
  readonly type: JoinType;
  /** A time is given so long after the watermark has reached it: till then changes may come. */
  readonly graceMs: number;
  /** Versions that were replaced are kept so long, for changes that come late. */
  readonly historyMs: number;
  /** Left rows refer to the right table by a field of their own; `outer` is then none. */
  readonly isForeign?: true;
  /** Sides whose rows are results of a join of streams: see ofJoin of a join with one table. */
  readonly byContent?: readonly Side[];
}

export type JoinSpec = StreamJoinSpec | TableJoinSpec | TablesJoinSpec;

/** A result; without a left and a right event the joined row of two tables is gone. */
export interface Joined {
  readonly key: Key;
  readonly left: JoinEvent | null;
  readonly right: JoinEvent | null;
  /** The larger of their times. */
  readonly ts: number;
}

export interface JoinResults {
  push(result: Joined): unknown;
}

/** In place of the sequence of a row. */
export const NO_ROW = -1;

/** What a snapshot keeps of one event, or of one version of a table. */
export interface JoinEntry {
  readonly side: Side;
  readonly key: Key;
  readonly timeMs: number;
  /** Order of arrival. */
  readonly sequence: number;
  readonly isMatched: boolean;
  /** What a flush gave it with: the sequence of a table's row, or NO_ROW for a null side; null where none gave it. */
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
  /** Gives what waits as it would be if nothing else came, and keeps it: what comes later is given beside that. */
  flush(out: JoinResults): void;
  snapshot(): JoinEntry[];
  restore(entries: readonly JoinEntry[]): void;
  /** Events and versions that are kept. */
  size(): number;
}
