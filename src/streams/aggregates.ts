/**
 * Aggregates of a window, over slots of one array of numbers: no object per key.
 * Each function owns at most one slot; `count` and the divisor of `avg` come from the window's own count.
 */

export const AGGREGATE_FUNCTIONS = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last'] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** Those whose partial results over disjoint inputs can be merged without the inputs or their order. */
export const MERGEABLE_AGGREGATES: readonly AggregateFunction[] = ['count', 'sum', 'min', 'max', 'avg'];

export interface AggregateSpec {
  readonly name: string;
  readonly fn: AggregateFunction;
  /** The numeric field that it reads; null for count(). */
  readonly field: string | null;
}

/** Folds one value into `slots[at]`; `earlier` is the number of values folded before it. */
export function foldValue(fn: AggregateFunction, slots: number[], at: number, value: number, earlier: number): void {
  switch (fn) {
    case 'count':
      return;
    case 'sum':
    case 'avg':
      slots[at] = slots[at]! + value;
      return;
    case 'min':
      if (earlier === 0 || value < slots[at]!) slots[at] = value;
      return;
    case 'max':
      if (earlier === 0 || value > slots[at]!) slots[at] = value;
      return;
    case 'first':
      if (earlier === 0) slots[at] = value;
      return;
    case 'last':
      slots[at] = value;
      return;
  }
}

export function aggregateResult(fn: AggregateFunction, slot: number, count: number): number {
  if (fn === 'count') return count;
  return fn === 'avg' ? slot / count : slot;
}
