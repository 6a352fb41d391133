/** Aggregates of decimals of more than 18 digits: whole numbers of their scale, which no row of numbers holds. */
import { SUM_DIGITS } from './aggregate-columns.ts';
import type { Aggregate, AggregateValue } from './aggregate-function.ts';

interface Total {
  readonly sum: bigint;
  readonly count: number;
}

const totals = {
  init: (): Total => ({ sum: 0n, count: 0 }),
  fold: ({ sum, count }: Total, value: AggregateValue): Total => ({ sum: sum + BigInt(value), count: count + 1 }),
  merge: (into: Total, from: Total): Total => ({ sum: into.sum + from.sum, count: into.count + from.count }),
  save: ({ sum, count }: Total): string => JSON.stringify([sum.toString(), count]),
  load(text: string): Total {
    const [sum, count]: [string, number] = JSON.parse(text);
    return { sum: BigInt(sum), count };
  },
};

const SUM_END = 10n ** BigInt(SUM_DIGITS);

/** Null beyond 38 digits. */
export const wideSum: Aggregate<Total, AggregateValue> = {
  ...totals,
  result: ({ sum, count }) => (count === 0 || sum >= SUM_END || sum <= -SUM_END ? null : sum),
};

export const wideAverage: Aggregate<Total, AggregateValue> = {
  ...totals,
  result: ({ sum, count }) => (count === 0 ? null : Number(sum) / count),
};

export const wideCount: Aggregate<Total, AggregateValue> = { ...totals, result: ({ count }) => count };
