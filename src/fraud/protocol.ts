/**
 * The evaluation protocol of the Fraud Detection Handbook (Le Borgne and others, chapter 5), on scores of rows.
 *
 * A customer who is known to be compromised is left out: one with a fraud in the training interval, from the first day
 * on; one with a fraud on day d − 8, for a test day d and those after it, since its label has arrived by then.
 */
import { averagePrecision, type CalibrationPart, calibration, rankedRows, rocAuc } from '../models/metrics.ts';
import { createRandom } from '../models/random.ts';
import { bestCardPrecision, cardPrecision, type ScoredCards } from './card-precision.ts';

const DAY_MS = 86_400_000;
/** Whole days after which the label of a day is known on a later one. */
const LABEL_LAG_DAYS = 8;

export interface JudgedRows extends ScoredCards {
  readonly amountsCents: Float64Array;
  readonly scenarios: Uint8Array;
}

export interface KnownFraud {
  readonly customerId: number;
  readonly occurredAtMs: number;
}

/** Places of the rows whose customer is not known to be compromised. */
export function rowsToJudge(
  { days, customers }: Pick<ScoredCards, 'days' | 'customers'>,
  frauds: Iterable<KnownFraud>,
  trained: { readonly fromMs: number; readonly toMs: number },
  firstDay: number,
): Int32Array {
  const knownFromDay = new Map<number, number>();
  for (const { customerId, occurredAtMs } of frauds) {
    const day = Math.floor(occurredAtMs / DAY_MS) + LABEL_LAG_DAYS;
    const isTrained = occurredAtMs >= trained.fromMs && occurredAtMs < trained.toMs;
    if (!isTrained && day < firstDay) continue;
    const from = isTrained ? firstDay : day;
    knownFromDay.set(customerId, Math.min(from, knownFromDay.get(customerId) ?? from));
  }
  const kept: number[] = [];
  for (let row = 0; row < days.length; row++) {
    if (days[row]! < (knownFromDay.get(customers[row]!) ?? Number.POSITIVE_INFINITY)) kept.push(row);
  }
  return Int32Array.from(kept);
}

export interface Evaluation {
  readonly rows: number;
  readonly frauds: number;
  readonly auc: number;
  readonly averagePrecision: number;
  readonly cardPrecisionAt10: number;
  readonly cardPrecisionAt25: number;
  readonly cardPrecisionAt50: number;
  readonly cardPrecisionAt100: number;
  /** Card precision at 100 of who knows the answer. */
  readonly bestCardPrecisionAt100: number;
  /** 95 % of resamplings of the customers, percentile method (Efron). */
  readonly intervals: Readonly<Record<'auc' | 'averagePrecision', readonly [number, number]>>;
  readonly atThreshold: Alerted & { readonly threshold: number };
  readonly byScenario: readonly { readonly scenario: number; readonly frauds: number; readonly recall: number }[];
  readonly calibration: readonly (CalibrationPart & { readonly upTo: number })[];
}

interface Alerted {
  readonly alerts: number;
  readonly alertsPerDay: number;
  readonly precision: number;
  readonly recall: number;
  /** Of the frauds that were found. */
  readonly foundCents: number;
}

export function evaluateScores(
  rows: JudgedRows,
  scores: Float64Array,
  threshold: number,
  resamplings: number,
): Evaluation {
  const { labels } = rows;
  const order = rankedRows(scores);
  const at = (k: number): number => cardPrecision(rows, scores, k);
  return {
    rows: labels.length,
    frauds: sumOf(labels),
    auc: rocAuc(scores, labels, order),
    averagePrecision: averagePrecision(scores, labels, order),
    cardPrecisionAt10: at(10),
    cardPrecisionAt25: at(25),
    cardPrecisionAt50: at(50),
    cardPrecisionAt100: at(100),
    bestCardPrecisionAt100: bestCardPrecision(rows, 100),
    intervals: bootstrapIntervals(rows, scores, order, resamplings),
    atThreshold: { threshold, ...alertedAt(rows, scores, threshold) },
    byScenario: scenariosOf(rows, scores, threshold),
    calibration: calibration(scores, labels),
  };
}

function alertedAt({ labels, days, amountsCents }: JudgedRows, scores: Float64Array, threshold: number): Alerted {
  let alerts = 0;
  let found = 0;
  let foundCents = 0;
  for (let row = 0; row < scores.length; row++) {
    if (scores[row]! < threshold) continue;
    alerts += 1;
    found += labels[row]!;
    if (labels[row] === 1) foundCents += amountsCents[row]!;
  }
  const frauds = sumOf(labels);
  return {
    alerts,
    alertsPerDay: alerts / Math.max(1, new Set(days).size),
    precision: alerts === 0 ? 0 : found / alerts,
    recall: frauds === 0 ? 0 : found / frauds,
    foundCents,
  };
}

function scenariosOf(
  { labels, scenarios }: JudgedRows,
  scores: Float64Array,
  threshold: number,
): Evaluation['byScenario'] {
  const all = new Map<number, { frauds: number; found: number }>();
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] === 0) continue;
    const sum = all.get(scenarios[row]!) ?? { frauds: 0, found: 0 };
    all.set(scenarios[row]!, sum);
    sum.frauds += 1;
    if (scores[row]! >= threshold) sum.found += 1;
  }
  return [...all]
    .sort(([a], [b]) => a - b)
    .map(([scenario, { frauds, found }]) => ({ scenario, frauds, recall: found / frauds }));
}

/** Customers are drawn with all their rows, since these hang together. Each weight is drawn from Poisson(1). */
function bootstrapIntervals(
  { labels, customers }: JudgedRows,
  scores: Float64Array,
  order: Int32Array,
  resamplings: number,
): Evaluation['intervals'] {
  const random = createRandom();
  const aucs: number[] = [];
  const precisions: number[] = [];
  for (let round = 0; round < resamplings; round++) {
    random.seed(round, 0, 0);
    const drawn = new Map<number, number>();
    const rows: number[] = [];
    for (const row of order) {
      const customer = customers[row]!;
      let times = drawn.get(customer);
      if (times === undefined) {
        times = random.poisson(Math.exp(-1));
        drawn.set(customer, times);
      }
      for (; times > 0; times--) rows.push(row);
    }
    const resampled = Int32Array.from(rows);
    aucs.push(rocAuc(scores, labels, resampled));
    precisions.push(averagePrecision(scores, labels, resampled));
  }
  return { auc: middle95(aucs), averagePrecision: middle95(precisions) };
}

function middle95(values: readonly number[]): [number, number] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return [at(0.025), at(0.975)];
}

function sumOf(labels: Uint8Array): number {
  let sum = 0;
  for (const label of labels) sum += label;
  return sum;
}
