/**
 * A model of which customers will come no more: trained on the journal, and compared with a ranking by the last visit.
 */
import { readBlocks } from '../../data-directory/read-blocks.ts';
import { scorerOf } from '../../models/fit.ts';
import { averagePrecision, brierScore, rankedRows, rocAuc } from '../../models/metrics.ts';
import { trainInPool } from '../../workers/training.ts';
import { activityTable, type CustomerHistory, PROFILE_COLUMNS, profileAt } from '../activity.ts';
import { transactionType } from '../types.ts';

const DAY_MS = 86_400_000;
/** Moments that training takes, each a horizon before the next: their outcomes are all known at the moment that judges. */
const MOMENTS = 3;
const RECIPE = { form: 'linear', options: { inverseL2: 1, positiveWeight: 1 } } as const;

interface Ranking {
  readonly auc: number;
  readonly averagePrecision: number;
  readonly brier: number | null;
}

export interface ActivityReport {
  /** The moment that judges, epoch ms: what comes in the days after it was not known to training. */
  readonly atMs: number;
  readonly horizonDays: number;
  readonly customers: number;
  readonly gone: number;
  readonly trainedRows: number;
  readonly model: Ranking;
  /** By days since the last transaction alone. */
  readonly recency: Ranking;
  /** The share of training for everybody. */
  readonly baseRate: { readonly share: number; readonly averagePrecision: number; readonly brier: number };
  /** Of the linear model, standardised. */
  readonly weights: readonly { readonly name: string; readonly weight: number }[];
  /** As of the end of the journal: who is likely to come no more first. */
  readonly profiles: readonly {
    readonly customerId: number;
    readonly chance: number;
    readonly profile: Float64Array;
  }[];
}

/** By customer, all that the journal has. Throws when it has no transaction. */
export async function readHistories(dataDir: string): Promise<CustomerHistory[]> {
  const times = new Map<number, number[]>();
  for await (const block of readBlocks(
    dataDir,
    () => true,
    (name) => name === transactionType.name,
  )) {
    const [customers, at, amounts] = ['customerId', 'occurredAt', 'amountCents'].map((field) => block.numbers(field));
    for (let row = 0; row < block.count; row++) {
      const own = times.get(customers![row]!) ?? [];
      if (own.length === 0) times.set(customers![row]!, own);
      own.push(at![row]!, amounts![row]!);
    }
  }
  if (times.size === 0) throw new Error(`${dataDir} has no transaction`);
  return [...times]
    .sort(([a], [b]) => a - b)
    .map(([customerId, flat]) => {
      const places = Array.from({ length: flat.length / 2 }, (_, at) => 2 * at).sort((a, b) => flat[a]! - flat[b]!);
      return {
        customerId,
        timesMs: Float64Array.from(places, (place) => flat[place]!),
        amountsCents: Float64Array.from(places, (place) => flat[place + 1]!),
      };
    });
}

/** Judged at `atMs`; null for the last moment whose outcome is known. Throws in words for people when there is too little. */
export async function judgeActivity(
  all: readonly CustomerHistory[],
  horizonDays: number,
  atMs: number | null,
): Promise<ActivityReport> {
  const horizonMs = horizonDays * DAY_MS;
  let [firstMs, newestMs] = [Number.POSITIVE_INFINITY, 0];
  for (const { timesMs } of all) {
    firstMs = Math.min(firstMs, timesMs[0]!);
    newestMs = Math.max(newestMs, timesMs.at(-1)!);
  }
  const endMs = Math.floor(newestMs / DAY_MS) * DAY_MS;
  const judgedMs = atMs ?? endMs - horizonMs;
  if (judgedMs + horizonMs > newestMs + DAY_MS)
    throw new Error(`what comes in the ${horizonDays} days from then on is not known yet: take an earlier --at`);
  const moments = Array.from({ length: MOMENTS }, (_, back) => judgedMs - (back + 1) * horizonMs).filter(
    (moment) => moment - firstMs >= horizonMs,
  );
  if (moments.length === 0)
    throw new Error(`there are too few days before it to train on: ${3 * horizonDays} are needed; see --horizon`);
  const table = activityTable(all, moments, horizonDays);
  const { rows: trainedRows } = table;
  const share = table.labels.reduce((sum, label) => sum + label, 0) / trainedRows;
  const fitted = await trainInPool(
    { names: table.names, rows: trainedRows, values: table.values, labels: table.labels },
    RECIPE,
  );
  const score = scorerOf(fitted);
  const chanceOf = (values: Float64Array, offset: number): number => 1 / (1 + Math.exp(-score(values, offset)));

  const judged = activityTable(all, [judgedMs], horizonDays);
  const width = PROFILE_COLUMNS.length;
  const { rows, values, labels } = judged;
  const chances = Float64Array.from({ length: rows }, (_, row) => chanceOf(values, row * width));
  const recency = Float64Array.from({ length: rows }, (_, row) => values[row * width]!);
  const gone = labels.reduce((sum, label) => sum + label, 0);
  const ranking = (scores: Float64Array): Omit<Ranking, 'brier'> => {
    const order = rankedRows(scores);
    return { auc: rocAuc(scores, labels, order), averagePrecision: averagePrecision(scores, labels, order) };
  };
  const profiles = all.flatMap(({ customerId, ...history }) => {
    const profile = profileAt({ customerId, ...history }, endMs + DAY_MS);
    return profile === null ? [] : [{ customerId, chance: chanceOf(profile, 0), profile }];
  });
  const { weights } = fitted.form === 'linear' ? fitted.linear : { weights: new Float64Array(width) };
  return {
    ...{ atMs: judgedMs, horizonDays, customers: rows, gone, trainedRows },
    model: { ...ranking(chances), brier: brierScore(chances, labels) },
    recency: { ...ranking(recency), brier: null },
    baseRate: { share, averagePrecision: gone / rows, brier: brierScore(new Float64Array(rows).fill(share), labels) },
    weights: PROFILE_COLUMNS.map((name, at) => ({ name, weight: weights[at]! })),
    profiles: profiles.sort((a, b) => b.chance - a.chance || a.customerId - b.customerId),
  };
}
