/**
 * Aggregates that take each different value once. Their state is as large as their group's different values. Texts are in
 * the order of UTF-16 units.
 */
import type { WindowValue } from '../messages/window-result.ts';
import {
  type Aggregate,
  type AggregateValue,
  compareValues,
  loadNullable,
  loadValue,
  type SavedValue,
  saveNullable,
  saveValue,
} from './aggregate-function.ts';

type Values = Set<AggregateValue | null>;

/** How many different values there are. */
export const countDistinct = ofValuesOnce((values) => values.size);

/** The different values, the smallest first. Null comes last, where there is one. */
export const listDistinct = ofValuesOnce((values) => inOrder([...values]));

function ofValuesOnce(result: (values: Values) => WindowValue): Aggregate<Values, AggregateValue | null> {
  return {
    init: () => new Set(),
    fold: (values, value) => values.add(value),
    merge(into, from) {
      for (const value of from) into.add(value);
      return into;
    },
    result,
    save: (values) => JSON.stringify(inOrder([...values]).map(saveNullable)),
    load(text) {
      const values: readonly (SavedValue | null)[] = JSON.parse(text);
      return new Set(values.map(loadNullable));
    },
  };
}

/** The largest values, the largest first, equal ones as often as they come. `most` is at least 1. */
export function largest(most: number): Aggregate<AggregateValue[], AggregateValue> {
  function offer(values: AggregateValue[], value: AggregateValue): AggregateValue[] {
    if (values.length === most && value <= values[most - 1]!) return values;
    let place = values.length;
    while (place > 0 && values[place - 1]! < value) place -= 1;
    values.splice(place, 0, value);
    if (values.length > most) values.pop();
    return values;
  }
  return {
    init: () => [],
    fold: offer,
    merge: (into, from) => from.reduce(offer, into),
    result: (values) => values,
    save: (values) => JSON.stringify(values.map(saveValue)),
    load(text) {
      const values: readonly SavedValue[] = JSON.parse(text);
      return values.map(loadValue);
    },
  };
}

function inOrder(values: (AggregateValue | null)[]): (AggregateValue | null)[] {
  return values.sort(compareValues);
}
