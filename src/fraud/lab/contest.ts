/** Whether a candidate is better than the champion, on days that neither has seen, with enough frauds to tell. */
import { averagePrecision, brierScore, rankedRows } from '../../models/metrics.ts';
import { createRandom } from '../../models/random.ts';
import { cardPrecision } from '../card-precision.ts';
import type { Model } from '../model.ts';
import { rowsToJudge } from '../protocol.ts';
import { scoresOf } from './evaluate.ts';
import type { LabelledRows, Labels } from './labelled-rows.ts';

const DAY_MS = 86_400_000;
const RESAMPLINGS = 100;

export interface ContestRules {
  /** Average precision that the candidate must gain. */
  readonly margin: number;
  /** Fewest frauds to tell by. */
  readonly minFrauds: number;
}

interface Figures {
  readonly averagePrecision: number;
  readonly cardPrecisionAt100: number;
  readonly brier: number;
}

export interface Contest {
  readonly verdict: 'better' | 'not better' | 'not enough evidence';
  /** For people. */
  readonly why: string;
  readonly rows: number;
  readonly frauds: number;
  readonly candidate: Figures;
  /** Null where none scores yet. */
  readonly champion: Figures | null;
  /** Of average precision, with 95 % of resamplings of the customers, both models on the same ones; null without a champion. */
  readonly gain: { readonly mean: number; readonly low: number; readonly high: number } | null;
}

/** Days from `fromMs`, whole UTC days. Throws when the rows have not the features of a model. */
export function contest(
  candidate: Model,
  champion: Model | null,
  rows: LabelledRows,
  labels: Labels,
  fromMs: number,
  rules: ContestRules,
): Contest {
  const known = [...labels.values()].filter(({ fraud }) => fraud);
  const firstDay = Math.floor(fromMs / DAY_MS);
  const keptBy = ({ trainedFromMs, trainedToMs }: Model): Set<number> =>
    new Set(rowsToJudge(rows, known, { fromMs: trainedFromMs, toMs: trainedToMs }, firstDay));
  const ofChampion = champion === null ? null : keptBy(champion);
  const kept = [...keptBy(candidate)].filter((row) => ofChampion === null || ofChampion.has(row));
  const judged = {
    days: Int32Array.from(kept, (row) => rows.days[row]!),
    customers: Float64Array.from(kept, (row) => rows.customers[row]!),
    labels: Uint8Array.from(kept, (row) => rows.labels[row]!),
  };
  const scored = (model: Model): Float64Array => {
    const all = scoresOf(model, rows);
    return Float64Array.from(kept, (row) => all[row]!);
  };
  const figuresOf = (scores: Float64Array): Figures => ({
    averagePrecision: averagePrecision(scores, judged.labels, rankedRows(scores)),
    cardPrecisionAt100: cardPrecision(judged, scores, 100),
    brier: brierScore(scores, judged.labels),
  });
  const own = scored(candidate);
  const other = champion === null ? null : scored(champion);
  const found = {
    rows: kept.length,
    frauds: judged.labels.reduce((sum, label) => sum + label, 0),
    candidate: figuresOf(own),
    champion: other === null ? null : figuresOf(other),
    gain: other === null ? null : gainOf(judged, own, other),
  };
  const isSeen = champion !== null && champion.trainedToMs > fromMs;
  return { ...found, ...verdictOf(found, isSeen, rules) };
}

function verdictOf(
  { frauds, candidate, champion, gain }: Pick<Contest, 'frauds' | 'candidate' | 'champion' | 'gain'>,
  isSeen: boolean,
  { margin, minFrauds }: ContestRules,
): Pick<Contest, 'verdict' | 'why'> {
  if (frauds < minFrauds) {
    return { verdict: 'not enough evidence', why: `${frauds} frauds to judge by, and ${minFrauds} are asked for` };
  }
  if (isSeen)
    return { verdict: 'not enough evidence', why: 'the champion was trained on days of the week that judges' };
  if (champion === null || gain === null) return { verdict: 'better', why: 'no model scores yet' };
  const said = `average precision ${champion.averagePrecision.toFixed(3)} → ${candidate.averagePrecision.toFixed(3)}`;
  if (candidate.averagePrecision - champion.averagePrecision < margin) {
    return { verdict: 'not better', why: `${said}: less than ${margin} more` };
  }
  if (gain.low <= 0) {
    return {
      verdict: 'not enough evidence',
      why: `${said}: within chance, from ${gain.low.toFixed(3)} to ${gain.high.toFixed(3)}`,
    };
  }
  if (candidate.cardPrecisionAt100 < champion.cardPrecisionAt100) {
    const cards = `${champion.cardPrecisionAt100.toFixed(3)} → ${candidate.cardPrecisionAt100.toFixed(3)}`;
    return { verdict: 'not better', why: `${said}, but card precision@100 ${cards}` };
  }
  if (candidate.brier > champion.brier) {
    return { verdict: 'not better', why: `${said}, but its chances are further from what came true (Brier score)` };
  }
  return { verdict: 'better', why: said };
}

/** Customers are drawn with all their rows, the same ones for both. Each weight is drawn from Poisson(1). */
function gainOf(
  { customers, labels }: { readonly customers: Float64Array; readonly labels: Uint8Array },
  own: Float64Array,
  other: Float64Array,
): NonNullable<Contest['gain']> {
  const random = createRandom();
  const orders = [rankedRows(own), rankedRows(other)] as const;
  const gains: number[] = [];
  for (let round = 0; round < RESAMPLINGS; round++) {
    random.seed(round, 1, 0);
    const drawn = new Map<number, number>();
    for (const customer of customers) {
      if (!drawn.has(customer)) drawn.set(customer, random.poisson(Math.exp(-1)));
    }
    const precision = (scores: Float64Array, order: Int32Array): number => {
      const rows: number[] = [];
      for (const row of order) for (let times = drawn.get(customers[row]!) ?? 0; times > 0; times--) rows.push(row);
      return averagePrecision(scores, labels, Int32Array.from(rows));
    };
    gains.push(precision(own, orders[0]) - precision(other, orders[1]));
  }
  const sorted = gains.filter((gain) => !Number.isNaN(gain)).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    mean: sorted.reduce((sum, gain) => sum + gain, 0) / Math.max(1, sorted.length),
    low: at(0.025),
    high: at(0.975),
  };
}
