/**
 * Aggregates that keep values. Values are ordered by event time, then by the values themselves, numbers by size and texts by
 * UTF-16 code unit. So neither the order of arrival nor the number of partitions shows.
 */
import {
  type Aggregate,
  type AggregateValue,
  compareValues,
  loadNullable,
  loadNumbers,
  precedes,
  type SavedValue,
  saveNullable,
  saveNumbers,
} from './aggregate-function.ts';

/** Values with their event times. */
interface Timed<Value = AggregateValue> {
  timesMs: number[];
  values: Value[];
}

/** The value of the earliest event; the smallest among events of that time. */
export const first: Aggregate<Timed, AggregateValue> = {
  ...timed(),
  fold: (state, value, timeMs) => (isBefore(timeMs, value, state) ? only(value, timeMs) : state),
  merge: (into, from) => (from.values.length > 0 && isBefore(from.timesMs[0]!, from.values[0]!, into) ? from : into),
  result: ({ values }) => values[0] ?? null,
};

/** The value of the latest event; the largest among events of that time. */
export const last: Aggregate<Timed, AggregateValue> = {
  ...timed(),
  fold: (state, value, timeMs) => (isBehind(timeMs, value, state) ? only(value, timeMs) : state),
  merge: (into, from) => (from.values.length > 0 && isBehind(from.timesMs[0]!, from.values[0]!, into) ? from : into),
  result: ({ values }) => values[0] ?? null,
};

/** Values that come in order need no sorting; others are sorted once somebody asks. */
interface Collected extends Timed<AggregateValue | null> {
  isInOrder: boolean;
}

/** All values by time, then by size, nulls last where it is given any; as large as its group. */
export const collect: Aggregate<Collected, AggregateValue | null> = {
  init: () => ({ timesMs: [], values: [], isInOrder: true }),
  fold: (state, value, timeMs) => append(state, value, timeMs),
  merge(into, { timesMs, values }) {
    for (let i = 0; i < values.length; i++) append(into, values[i]!, timesMs[i]!);
    return into;
  },
  result: (state) => inOrder(state).values,
  save: (state) => saved(inOrder(state)),
  // A state of an earlier version has values of one time in the order of their arrival.
  load: (text) => ({ ...loaded(text), isInOrder: false }),
};

function timed() {
  return {
    init: (): Timed => ({ timesMs: [], values: [] }),
    save: saved,
    load(text: string): Timed {
      const { timesMs, values } = loaded(text);
      return { timesMs, values: values.filter((value) => value !== null) };
    },
  };
}

function saved({ timesMs, values }: Timed<AggregateValue | null>): string {
  const numbers = values.filter((value) => typeof value === 'number');
  const own = numbers.length === values.length ? saveNumbers(numbers) : values.map(saveNullable);
  return JSON.stringify([saveNumbers(timesMs), own]);
}

function loaded(text: string): Timed<AggregateValue | null> {
  const [timesMs, own]: [string, string | (SavedValue | null)[]] = JSON.parse(text);
  return { timesMs: loadNumbers(timesMs), values: typeof own === 'string' ? loadNumbers(own) : own.map(loadNullable) };
}

function only(value: AggregateValue, timeMs: number): Timed {
  return { timesMs: [timeMs], values: [value] };
}

function isBefore(timeMs: number, value: AggregateValue, { timesMs, values }: Timed): boolean {
  if (values.length === 0) return true;
  return timeMs < timesMs[0]! || (timeMs === timesMs[0]! && value < values[0]!);
}

function isBehind(timeMs: number, value: AggregateValue, { timesMs, values }: Timed): boolean {
  if (values.length === 0) return true;
  return timeMs > timesMs[0]! || (timeMs === timesMs[0]! && value > values[0]!);
}

function append(state: Collected, value: AggregateValue | null, timeMs: number): Collected {
  const { timesMs, values } = state;
  const end = values.length - 1;
  if (end >= 0 && (timeMs < timesMs[end]! || (timeMs === timesMs[end]! && precedes(value, values[end]!)))) {
    state.isInOrder = false;
  }
  timesMs.push(timeMs);
  values.push(value);
  return state;
}

function inOrder(state: Collected): Collected {
  if (state.isInOrder) return state;
  const { timesMs, values } = state;
  const places = Uint32Array.from(values, (_, place) => place).sort(
    (a, b) => timesMs[a]! - timesMs[b]! || compareValues(values[a]!, values[b]!),
  );
  state.timesMs = Array.from(places, (place) => timesMs[place]!);
  state.values = Array.from(places, (place) => values[place]!);
  state.isInOrder = true;
  return state;
}
