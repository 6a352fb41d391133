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

/** Those whose state is one number. */
export const NUMBER_AGGREGATES: Readonly<Partial<Record<AggregateFunction, Aggregate<number>>>> = {
  count: { init: () => 0, fold: (state) => state, merge: (into) => into, result: (_, events) => events },
  // -0 is the sum of nothing: no sum of numbers has it once 0 is added.
  sum: {
    init: () => -0,
    fold: (state, value) => state + value + 0,
    merge: (into, from) => into + from,
    result: (state) => (Object.is(state, -0) ? null : state),
  },
  min: {
    init: () => Number.POSITIVE_INFINITY,
    fold: (state, value) => Math.min(state, value),
    merge: (into, from) => Math.min(into, from),
    result: finiteOrNull,
  },
  max: {
    init: () => Number.NEGATIVE_INFINITY,
    fold: (state, value) => Math.max(state, value),
    merge: (into, from) => Math.max(into, from),
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
