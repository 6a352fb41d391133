/** An aggregate: how its state begins, takes a value, merges with another state, and gives a result. */
import type { DecimalForm } from '../messages/logical-types.ts';
import type { WindowValue } from '../messages/window-result.ts';
import type { ExactSums } from './exact-sum.ts';

/** A bigint is a long that no number holds exactly. */
export type AggregateValue = number | bigint | string;

/**
 * fold() gets neither null, unless nulls are values to the aggregate, nor a number that is not finite, which counts as
 * null. -0 comes as 0. The result of no values is null, unless the aggregate always gives a number.
 *
 * The result depends on the values and their times, and not on the order in which they came or were merged: in a group
 * that spans partitions the order depends on how their logs interleave.
 */
export interface Aggregate<State, Value extends AggregateValue | null = number> {
  init(): State;
  /** May change the state and return it. */
  fold(state: State, value: Value, timeMs: number): State;
  /** May change and return `into`; leaves `from` as it is. */
  merge(into: State, from: State): State;
  result(state: State): WindowValue;
  /** The exact text for a snapshot; JSON when not given. */
  save?(state: State): string;
  load?(text: string): State;
}

/**
 * An aggregate whose state is a few numbers, changed in place in the rows of all groups. (A number that is passed to a
 * function or returned by it goes on the heap, which is more work than a sum.) `at` is the first place of a group's numbers.
 */
export interface NumberAggregate {
  /** The state of a group without values. */
  readonly initial: readonly number[];
  /** Places, among the state's numbers, at which an exact sum begins; the first when not given. */
  readonly sums?: readonly number[];
  /** Reads fields of any type: the values of a text are 0. */
  readonly isOfAny?: true;
  /** Takes the row's value, which is finite. */
  fold(states: Float64Array, at: number, values: Float64Array, row: number, exact: ExactSums): void;
  /** Takes a long that no number holds exactly. Without this function, the number next to the long is taken. */
  foldWide?(states: Float64Array, at: number, value: bigint, exact: ExactSums): void;
  merge(states: Float64Array, into: number, from: number, exact: ExactSums): void;
  /** `events` counts the group's events, nulls included. */
  result(states: Float64Array, at: number, events: number, exact: ExactSums): number | bigint | boolean | null;
}

export interface AggregateSpec {
  readonly name: string;
  /** Its name in the table of aggregates. */
  readonly fn: string;
  /** The field that it reads; null for count(). */
  readonly field: string | null;
  /** Whether the aggregate only serves to compute other results, and is no result itself. */
  readonly isHidden?: true;
  /** Whether the aggregate takes each different value once, as count(DISTINCT x) does. */
  readonly isDistinct?: true;
  /** Whether the field is text, and whether it may be null. */
  readonly isText?: boolean;
  readonly isNullable?: boolean;
  /** Whether the field is of whole numbers, of up to 64 bits. */
  readonly isLong?: true;
  /** The form of the field's decimals, which the aggregate takes as whole numbers. */
  readonly decimal?: DecimalForm;
  /** The second field: the y of arg_max(x, y). */
  readonly by?: string;
  /** The number behind the field: the 0.99 of quantile(x, 0.99), the 3 of top(x, 3). */
  readonly argument?: number;
}

/** Keeps every bit of the numbers. JSON would not, since JSON has no infinity. */
export function saveNumbers(numbers: readonly number[]): string {
  return Buffer.from(Float64Array.from(numbers).buffer).toString('base64');
}

export function loadNumbers(text: string): number[] {
  return [...new Float64Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)];
}

/** A value as a snapshot's JSON has it. */
export type SavedValue = number | string | { readonly long: string };

export function saveValue(value: AggregateValue): SavedValue {
  return typeof value === 'bigint' ? { long: value.toString() } : value;
}

export function loadValue(saved: SavedValue): AggregateValue {
  return typeof saved === 'object' ? BigInt(saved.long) : saved;
}

export function saveNullable(value: AggregateValue | null): SavedValue | null {
  return value === null ? null : saveValue(value);
}

export function loadNullable(saved: SavedValue | null): AggregateValue | null {
  return saved === null ? null : loadValue(saved);
}

/** Whether one value comes before the other; nulls come last. */
export function precedes(one: AggregateValue | null, other: AggregateValue | null): boolean {
  return one !== null && (other === null || one < other);
}

export function compareValues(one: AggregateValue | null, other: AggregateValue | null): number {
  return precedes(one, other) ? -1 : Number(precedes(other, one));
}
