/**
 * Aggregates of a window: each is a record that says how a state begins, takes a value, takes another state, and what
 * comes of it. The engine, the checks of a pipeline file and the read models know no more of them than this table.
 *
 * Nulls are skipped, as in SQL, and so is NaN, which is what a double has instead: the sum of nothing is null.
 */
export type AggregateValue = number | string;
export type AggregateResult = number | string | null;

export interface Aggregate<State, Value extends AggregateValue = number> {
  init(): State;
  /** May change the state and return it. Values of one time come in the order of their arrival. */
  fold(state: State, value: Value, timeMs: number): State;
  /** May change and return `into`; leaves `from` as it is. */
  merge(into: State, from: State): State;
  /** `events` are those of the group, nulls included. */
  result(state: State, events: number): AggregateResult;
  /** As a snapshot keeps it: exact. JSON, when not given. */
  save?(state: State): string;
  load?(text: string): State;
}

export const AGGREGATE_FUNCTIONS = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last'] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** Those whose results over disjoint inputs can be merged without the inputs. */
export const MERGEABLE_AGGREGATES: readonly AggregateFunction[] = ['count', 'sum', 'min', 'max', 'avg'];

export interface AggregateSpec {
  readonly name: string;
  readonly fn: AggregateFunction;
  /** The field that it reads; null for count(). */
  readonly field: string | null;
}

/**
 * One whose state is a number, in place in a column by group: a number that is passed to a function or returned by it is
 * put on the heap, which is more work than the sum itself.
 */
export interface NumberAggregate {
  /** State of a group without values. */
  readonly initial: number;
  /** The row has a value. */
  fold(states: Float64Array, group: number, values: Float64Array, row: number): void;
  merge(states: Float64Array, into: number, from: number): void;
  /** `events` are those of the group, nulls included. */
  result(state: number, events: number): number | null;
}

export const NUMBER_AGGREGATES: Readonly<Partial<Record<AggregateFunction, NumberAggregate>>> = {
  count: { initial: 0, fold() {}, merge() {}, result: (_, events) => events },
  // -0 is the sum of nothing: no sum of numbers has it once 0 is added.
  sum: {
    initial: -0,
    fold(states, group, values, row) {
      states[group] = states[group]! + values[row]! + 0;
    },
    merge(states, into, from) {
      states[into] = states[into]! + states[from]!;
    },
    result: (state) => (Object.is(state, -0) ? null : state),
  },
  min: {
    initial: Number.POSITIVE_INFINITY,
    fold(states, group, values, row) {
      if (values[row]! < states[group]!) states[group] = values[row]!;
    },
    merge(states, into, from) {
      if (states[from]! < states[into]!) states[into] = states[from]!;
    },
    result: finiteOrNull,
  },
  max: {
    initial: Number.NEGATIVE_INFINITY,
    fold(states, group, values, row) {
      if (values[row]! > states[group]!) states[group] = values[row]!;
    },
    merge(states, into, from) {
      if (states[from]! > states[into]!) states[into] = states[from]!;
    },
    result: finiteOrNull,
  },
};

interface Mean {
  sum: number;
  values: number;
}

export const average: Aggregate<Mean> = {
  init: () => ({ sum: 0, values: 0 }),
  fold(state, value) {
    state.sum += value;
    state.values += 1;
    return state;
  },
  merge(into, from) {
    into.sum += from.sum;
    into.values += from.values;
    return into;
  },
  result: ({ sum, values }) => (values === 0 ? null : sum / values),
  save: ({ sum, values }) => saveNumbers([sum, values]),
  load(text) {
    const [sum = 0, values = 0] = loadNumbers(text);
    return { sum, values };
  },
};

/** A value and its event time; no value yet at `emptyMs`. */
interface Timed {
  timeMs: number;
  value: number;
}

/** The value of the earliest event; of several of that time, the one that came first. */
export const first: Aggregate<Timed> = {
  ...timed(Number.POSITIVE_INFINITY),
  fold(state, value, timeMs) {
    return timeMs < state.timeMs ? replace(state, timeMs, value) : state;
  },
  merge: (into, from) => (from.timeMs < into.timeMs ? replace(into, from.timeMs, from.value) : into),
};

/** The value of the latest event; of several of that time, the one that came last. */
export const last: Aggregate<Timed> = {
  ...timed(Number.NEGATIVE_INFINITY),
  fold(state, value, timeMs) {
    return timeMs >= state.timeMs ? replace(state, timeMs, value) : state;
  },
  merge: (into, from) => (from.timeMs >= into.timeMs ? replace(into, from.timeMs, from.value) : into),
};

function timed(emptyMs: number) {
  return {
    init: (): Timed => ({ timeMs: emptyMs, value: 0 }),
    result: ({ timeMs, value }: Timed): number | null => (timeMs === emptyMs ? null : value),
    save: ({ timeMs, value }: Timed): string => saveNumbers([timeMs, value]),
    load(text: string): Timed {
      const [timeMs = emptyMs, value = 0] = loadNumbers(text);
      return { timeMs, value };
    },
  };
}

function replace(state: Timed, timeMs: number, value: number): Timed {
  state.timeMs = timeMs;
  state.value = value;
  return state;
}

function finiteOrNull(state: number): number | null {
  return Number.isFinite(state) ? state : null;
}

/** Every bit of the numbers, which JSON would not keep: it has no infinity and no -0. */
export function saveNumbers(numbers: readonly number[]): string {
  return Buffer.from(Float64Array.from(numbers).buffer).toString('base64');
}

export function loadNumbers(text: string): Float64Array {
  return new Float64Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}
