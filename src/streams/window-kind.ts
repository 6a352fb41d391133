/** What every kind of window has in common: how it is specified, what goes in and what comes out. */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import type { WindowPart } from '../messages/window-parts.ts';
import type { UserFunction } from '../sql/user-function.ts';
import type { AggregateSpec } from './aggregate-function.ts';
import type { ComputedResult } from './computed-result.ts';
import type { GroupKey } from './group-key.ts';
import type { WindowResults } from './group-results.ts';
import type { GroupState, Groups } from './groups.ts';
import type { Key } from './key-column.ts';
import type { ViewSpec } from './selection.ts';
import type { TopGroups } from './top-groups.ts';

/** Which events belong together. */
export type Windowing =
  | ({ readonly kind: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number } & InZone)
  /** `everyMs` is at most the size. */
  | ({
      readonly kind: 'hopping';
      readonly sizeMs: number;
      readonly everyMs: number;
      readonly offsetMs: number;
    } & InZone)
  /** Kafka's: each event has the window that ends with it, and the one that begins right behind it. */
  | { readonly kind: 'sliding'; readonly sizeMs: number }
  | { readonly kind: 'session'; readonly gapMs: number }
  /** As many events of a key, in the order of their arrival. */
  | { readonly kind: 'count'; readonly count: number }
  /** The rows of a table as they are now: of each key the newest event. `key` is a field; `deletes`: an event without sides. */
  | { readonly kind: 'table'; readonly key: string; readonly deletes?: true };

interface InZone {
  /** By whose clocks the windows begin: all their lengths are whole days, as they are there. Absent for UTC. */
  readonly timeZone?: string;
}

export interface WindowSpec {
  readonly name: string;
  /** null: one group over the whole partition. */
  readonly keyField: GroupKey;
  readonly window: Windowing;
  readonly allowedLatenessMs: number;
  /** Event time between two results of a window that is still open; null for none before its end. */
  readonly earlyMs: number | null;
  /** The derived stream whose events it takes; absent for those of the stream itself. */
  readonly of?: ViewSpec;
  /** A condition on the events that it takes; null for all of them. */
  readonly where: string | null;
  /** Present where the condition does not say the same in the language before SQL. */
  readonly language?: 'sql';
  /** Of each aligned window only these groups, and of those of this partition; absent for all of them. */
  readonly top?: TopGroups;
  readonly aggregates: readonly AggregateSpec[];
  /** What is computed of these; absent for nothing. */
  readonly results?: readonly ComputedResult[];
  /** A condition on results: of which it is not true is not given. Absent for all of them. */
  readonly having?: string;
  /** Its results are these columns of a statement, in this order; absent for a window by itself. */
  readonly columns?: readonly string[];
  /** Of users, that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
  /** Other partitions read its results. */
  readonly isRead?: true;
}

/** An event that came too late for a window. */
export interface LateArrival {
  readonly key: Key;
  /** How far the watermark had passed the end of the last window that it lost. */
  readonly latenessMs: number;
  /** How many windows it lost. It may still be in others. */
  readonly windows: number;
}

/** A window's state, as a snapshot keeps it. */
export interface WindowState {
  /** What the windows have fired by. */
  watermarkMs: number;
  groups: GroupState[];
}

export interface WindowOperator {
  readonly spec: WindowSpec;
  /**
   * The events whose rows add() is told from now on, their times, and the watermark before them. Returns the events as the
   * windows see them. Throws when they lack a field.
   */
  begin(columns: Columns, timesMs: Float64Array, watermarkMs: number): Columns;
  /** Adds an event that came under the watermark of the last call of advance() or begin(); from row 0 on, in order. */
  add(row: number, eventTimeMs: number, out: WindowResults): LateArrival | null;
  /** The row of a table is gone. Nothing where the windows are of events. */
  remove(key: Key, timeMs: number): void;
  /** Fires what the watermark has reached, and forgets what is past its lateness. The watermark never goes back. */
  advance(watermarkMs: number, out: WindowResults): void;
  /** Gives what is open, where that is news, and keeps it open: what comes later gives the next revision. */
  flush(out: WindowResults): void;
  /** Adds events of windows that have not fired. Throws where the kind of window has no slices. */
  merge(parts: readonly WindowPart[]): void;
  snapshot(): WindowState;
  restore(state: WindowState): void;
  /** Groups of open windows. */
  keyCount(): number;
}

/** State that every kind has. */
export interface OpenWindows {
  readonly groups: Groups;
  watermarkMs: number;
  /** Nothing happens before the watermark reaches this: one comparison an event, most of the time. */
  nextDueMs: number;
}

/** A kind of window: functions over its own form of state. */
export interface WindowKind<State extends OpenWindows> {
  /** Numbers that it has of each group. */
  readonly own: number;
  /** `schema` is that of the events as the windows see them. */
  open(spec: WindowSpec, groups: Groups, schema: AvroRecord): State;
  /** The events whose rows come next. Absent where only their groups count. */
  begin?(state: State, columns: Columns): void;
  /** Reads what adding some rows is going to read. */
  readAhead?(state: State, fromRow: number, toRow: number): void;
  add(state: State, row: number, timeMs: number, out: WindowResults): LateArrival | null;
  /** An event that the condition does not take, or fails on. Absent where it is as if it had not come. */
  drop?(state: State, row: number, timeMs: number): void;
  /** The row of a table is gone. Absent where there are only events. */
  remove?(state: State, key: Key, timeMs: number): void;
  /** `state.watermarkMs` is still the watermark before. */
  advance(state: State, watermarkMs: number, out: WindowResults): void;
  flush(state: State, out: WindowResults): void;
  merge?(state: State, parts: readonly WindowPart[]): void;
  snapshot(state: State): GroupState[];
  /** Groups of open windows, where not all of its groups are such. */
  groupCount?(state: State): number;
  /** Into a state in which nothing is open; its watermark is set. */
  restore(state: State, groups: readonly GroupState[]): void;
}

/**
 * Start of the window that holds `timestampMs`; right for negative times and any offset. By a division, since `%` of doubles is
 * a call into C: a quotient that was rounded up to the next window is set right.
 */
export function windowStart(timestampMs: number, sizeMs: number, offsetMs: number): number {
  const sinceMs = timestampMs - offsetMs;
  const startMs = Math.floor(sinceMs / sizeMs) * sizeMs;
  return offsetMs + (startMs > sinceMs ? startMs - sizeMs : startMs);
}

/** The next time after `watermarkMs` at which open windows give an early result; Infinity for never. */
export function nextEarlyMs({ earlyMs }: WindowSpec, watermarkMs: number): number {
  if (earlyMs === null) return Number.POSITIVE_INFINITY;
  // A result of a time holds what lies before it, as that of a window's end does.
  return windowStart(watermarkMs + 1, earlyMs, 0) + earlyMs - 1;
}
