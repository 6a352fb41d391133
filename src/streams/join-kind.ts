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

export type JoinSpec = StreamJoinSpec | TableJoinSpec;

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
}

/** Watermarks never go back. */
export interface JoinOperator {
  /** Returns how far the watermark had passed the event when it is too late to be joined, else null. */
  add(side: Side, key: Key, timeMs: number, event: JoinEvent, watermarkMs: number, out: JoinResults): number | null;
  /** A row of the table is gone from this time on; nothing for a join of streams. */
  remove(key: Key, timeMs: number): void;
  advance(watermarkMs: number, out: JoinResults): void;
  /** Gives what waits as it would be if nothing else came, and keeps it: what comes later is given beside that. */
  flush(out: JoinResults): void;
  snapshot(): JoinEntry[];
  restore(entries: readonly JoinEntry[]): void;
  /** Events and versions that are kept. */
  size(): number;
}
