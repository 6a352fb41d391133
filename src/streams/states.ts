/** The states of one aggregate for all groups: numbers in the groups' rows where possible, else objects. */
import { type BoxedColumn, type Column, numberAt, textAt } from '../messages/columns.ts';
import { unscaledOf } from '../messages/logical-types.ts';
import type { WindowValue } from '../messages/window-result.ts';
import type { Aggregate, AggregateValue, NumberAggregate } from './aggregate-function.ts';
import type { ExactSums } from './exact-sum.ts';

export type States = NumberStates | ObjectStates;

export interface NumberStates {
  readonly kind: 'numbers';
  readonly aggregate: NumberAggregate;
  /** Where the aggregate's numbers begin in a group's row. */
  offset: number;
  /** The values by row; null when the aggregate reads no field. */
  values: Float64Array | null;
  /** The longs among them that no number holds exactly; null when there are none. */
  exact: BigInt64Array | null;
  nulls: Uint8Array | null;
}

/** Made by a closure, which keeps the type of the states. */
export interface ObjectStates {
  readonly kind: 'objects';
  /** Sets the events whose rows fold() takes from now on; `by` is the second field of an aggregate that has one. */
  bind(column: Column, by: Column | null): void;
  open(group: number): void;
  close(group: number): void;
  fold(group: number, row: number, timeMs: number): void;
  merge(into: number, from: number): void;
  result(group: number): WindowValue;
  save(group: number): string;
  load(group: number, text: string): void;
}

export function inRow(aggregate: NumberAggregate): NumberStates {
  return { kind: 'numbers', aggregate, offset: 0, values: null, exact: null, nulls: null };
}

/** Folds the row's value when it is a long that no number holds exactly, and the aggregate can tell. */
export function foldWide(
  { aggregate, values, exact }: NumberStates,
  rows: Float64Array,
  at: number,
  row: number,
  sums: ExactSums,
): boolean {
  if (aggregate.foldWide === undefined || values === null || exact === null) return false;
  if (Math.abs(values[row]!) <= Number.MAX_SAFE_INTEGER) return false;
  aggregate.foldWide(rows, at, exact[row]!, sums);
  return true;
}

export function ofNumbers<State>(aggregate: Aggregate<State>): ObjectStates {
  return objectStates(aggregate, (column, row) => roundedAt(column, row) ?? undefined);
}

/** States of an aggregate over numbers, texts and decimals. */
export function ofValues<State>(aggregate: Aggregate<State, AggregateValue>): ObjectStates {
  return objectStates(aggregate, (column, row) => valueAt(column, row) ?? undefined);
}

/** Likewise, of nulls too. The second field, where there is one, is null for events that are left out. */
export function ofValuesAndNulls<State>(aggregate: Aggregate<State, AggregateValue | null>): ObjectStates {
  let taken: Column | null = null;
  const read = (column: Column, row: number): AggregateValue | null | undefined =>
    taken?.nulls?.[row] === 1 ? undefined : valueAt(column, row);
  const states = objectStates(aggregate, read);
  return {
    ...states,
    bind(column, by) {
      states.bind(column, null);
      taken = by;
    },
  };
}

/** The row's number, or null. -0 becomes 0, so that the order of the two does not show. */
function roundedAt(column: Column, row: number): number | null {
  if (column.kind !== 'number') throw new Error('An aggregate of numbers reads a field of text');
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  const value = column.values[row]!;
  return Number.isFinite(value) ? value + 0 : null;
}

/** The row's value, or null. */
export function valueAt(column: Column, row: number): AggregateValue | null {
  if (column.kind === 'number') {
    const rounded = roundedAt(column, row);
    return rounded === null || column.exact === null ? rounded : numberAt(column, row);
  }
  if (column.kind === 'boxed') return decimalAt(column, row);
  return column.nulls !== null && column.nulls[row] === 1 ? null : textAt(column, row);
}

/** As a whole number of its scale. */
function decimalAt({ at, decimal }: BoxedColumn, row: number): bigint | null {
  if (decimal === null) throw new Error('An aggregate reads a field that is neither a number nor a text');
  const bytes = at(row);
  return Buffer.isBuffer(bytes) ? unscaledOf(bytes) : null;
}

/** What is read is folded, unless it is undefined. */
function objectStates<State, Value extends AggregateValue | null>(
  aggregate: Aggregate<State, Value>,
  read: (column: Column, row: number) => Value | undefined,
): ObjectStates {
  const states: (State | undefined)[] = [];
  let values: Column | null = null;
  const of = (group: number): State => states[group] ?? aggregate.init();
  const save = aggregate.save ?? JSON.stringify;
  const load = aggregate.load ?? JSON.parse;
  return {
    kind: 'objects',
    bind(column) {
      values = column;
    },
    open(group) {
      states[group] = aggregate.init();
    },
    close(group) {
      states[group] = undefined;
    },
    fold(group, row, timeMs) {
      const value = values === null ? undefined : read(values, row);
      if (value !== undefined) states[group] = aggregate.fold(of(group), value, timeMs);
    },
    merge(into, from) {
      states[into] = aggregate.merge(of(into), of(from));
    },
    result: (group) => aggregate.result(of(group)),
    save: (group) => save(of(group)),
    load(group, text) {
      states[group] = load(text);
    },
  };
}
