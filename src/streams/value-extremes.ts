/** The least and the greatest of texts, in the order of their UTF-8 as in DuckDB, and of decimals of more than 18 digits. */
import { compareTexts } from '../sql/order.ts';
import {
  type Aggregate,
  type AggregateValue,
  compareValues,
  loadNullable,
  type SavedValue,
  saveNullable,
} from './aggregate-function.ts';

export const least = extreme(-1);
export const greatest = extreme(1);

function order(one: AggregateValue, other: AggregateValue): number {
  return typeof one === 'string' && typeof other === 'string' ? compareTexts(one, other) : compareValues(one, other);
}

function extreme(sign: 1 | -1): Aggregate<AggregateValue | null, AggregateValue> {
  const further = (one: AggregateValue | null, other: AggregateValue): AggregateValue =>
    one === null || order(other, one) * sign > 0 ? other : one;
  return {
    init: () => null,
    fold: further,
    merge: (into, from) => (from === null ? into : further(into, from)),
    result: (value) => value,
    save: (value) => JSON.stringify(saveNullable(value)),
    load(text) {
      const value: SavedValue | null = JSON.parse(text);
      return loadNullable(value);
    },
  };
}
