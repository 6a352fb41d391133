/** What an aggregate is: how a state begins, takes a value, takes another state, and what comes of it. */
import type { WindowValue } from '../messages/window-result.ts';
import type { ExactSums } from './exact-sum.ts';

export type AggregateValue = number | string;

/**
 * Nulls never come to fold(), as in SQL, nor does a number that is not finite, which is null here, nor -0, which is 0. The
 * result of no values is null, unless it is a number in any case.
 *
 * The result depends on the values and their times, and not on the order in which they came or were merged: that of a group
 * which spans partitions is a matter of how their logs interleave.
 */
export interface Aggregate<State, Value extends AggregateValue = number> {
  init(): State;
  /** May change the state and return it. */
  fold(state: State, value: Value, timeMs: number): State;
  /** May change and return `into`; leaves `from` as it is. */
  merge(into: State, from: State): State;
  result(state: State): WindowValue;
  /** As a snapshot keeps it: exact. JSON, when not given. */
  save?(state: State): string;
  load?(text: string): State;
}

/**
 * One whose state is a few numbers, in place in the rows of all groups: a number that is passed to a function or returned
 * by it is put on the heap, which is more work than the sum itself. `at` is the first place of a group's numbers.
 */
export interface NumberAggregate {
  /** State of a group without values. */
  readonly initial: readonly number[];
  /** The row has a value, which is finite. */
  fold(states: Float64Array, at: number, values: Float64Array, row: number, exact: ExactSums): void;
  merge(states: Float64Array, into: number, from: number, exact: ExactSums): void;
  /** `events` are those of the group, nulls included. */
  result(states: Float64Array, at: number, events: number, exact: ExactSums): number | null;
}

export interface AggregateSpec {
  readonly name: string;
  /** A name of the table of aggregates. */
  readonly fn: string;
  /** The field that it reads; null for count(). */
  readonly field: string | null;
  /** Whether the field is text, and whether it may be null. */
  readonly isText?: boolean;
  readonly isNullable?: boolean;
  /** The field that stands behind it: of arg_max(x, y) the y. */
  readonly by?: string;
  /** The number that stands behind it: of quantile(x, 0.99) the 0.99. */
  readonly argument?: number;
}

/** Every bit of the numbers, which JSON would not keep: it has no infinity. */
export function saveNumbers(numbers: readonly number[]): string {
  return Buffer.from(Float64Array.from(numbers).buffer).toString('base64');
}

export function loadNumbers(text: string): number[] {
  return [...new Float64Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)];
}
