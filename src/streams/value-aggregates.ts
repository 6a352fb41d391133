/**
 * Aggregates that keep values. Those that depend on an order go by event time, so that the order of arrival does not
 * show; among values of one time they go by arrival.
 */
import { type Aggregate, type AggregateValue, loadNumbers, saveNumbers } from './aggregate.ts';

/** Values with their event times, in order of time. */
interface Timed {
  timesMs: number[];
  values: AggregateValue[];
}

/** The value of the earliest event; of several of that time, the one that came first. */
export const first: Aggregate<Timed, AggregateValue> = {
  ...timed(),
  fold: (state, value, timeMs) =>
    timeMs < (state.timesMs[0] ?? Number.POSITIVE_INFINITY) ? only(value, timeMs) : state,
  merge: (into, from) =>
    timeOf(from, Number.POSITIVE_INFINITY) < timeOf(into, Number.POSITIVE_INFINITY) ? from : into,
  result: ({ values }) => values[0] ?? null,
};

/** The value of the latest event; of several of that time, the one that came last. */
export const last: Aggregate<Timed, AggregateValue> = {
  ...timed(),
  fold: (state, value, timeMs) =>
    timeMs >= (state.timesMs[0] ?? Number.NEGATIVE_INFINITY) ? only(value, timeMs) : state,
  merge: (into, from) =>
    timeOf(from, Number.NEGATIVE_INFINITY) < timeOf(into, Number.NEGATIVE_INFINITY) ? into : from,
  result: ({ values }) => values[0] ?? null,
};

/** All values; as large as its group. */
export const collect: Aggregate<Timed, AggregateValue> = {
  ...timed(),
  fold(state, value, timeMs) {
    insert(state, value, timeMs);
    return state;
  },
  merge(into, from) {
    for (const [i, value] of from.values.entries()) insert(into, value, from.timesMs[i]!);
    return into;
  },
  result: ({ values }) => values,
};

function timed() {
  return {
    init: (): Timed => ({ timesMs: [], values: [] }),
    save: ({ timesMs, values }: Timed): string => {
      const numbers = values.filter((value) => typeof value === 'number');
      const saved = numbers.length === values.length ? saveNumbers(numbers) : values;
      return JSON.stringify([saveNumbers(timesMs), saved]);
    },
    load(text: string): Timed {
      const [timesMs, values]: [string, string | AggregateValue[]] = JSON.parse(text);
      return { timesMs: loadNumbers(timesMs), values: typeof values === 'string' ? loadNumbers(values) : values };
    },
  };
}

function only(value: AggregateValue, timeMs: number): Timed {
  return { timesMs: [timeMs], values: [value] };
}

function timeOf({ timesMs }: Timed, emptyMs: number): number {
  return timesMs[0] ?? emptyMs;
}

/** Behind those of its time. Most come in order. */
function insert({ timesMs, values }: Timed, value: AggregateValue, timeMs: number): void {
  let place = timesMs.length;
  while (place > 0 && timesMs[place - 1]! > timeMs) place -= 1;
  timesMs.splice(place, 0, timeMs);
  values.splice(place, 0, value);
}
