/**
 * The score from which a model raises alerts: chosen by how many alerts a day people can look at, or by the cost of
 * errors.
 */
import type { Model } from '../model.ts';
import { scoresOf } from './evaluate.ts';
import type { LabelledRows } from './labelled-rows.ts';

export type ThresholdChoice =
  | { readonly by: 'budget'; readonly alertsPerDay: number }
  /** An alert costs so much, right or wrong; a fraud that raises none costs its amount. */
  | { readonly by: 'cost'; readonly alertCents: number };

export interface ChosenThreshold {
  readonly threshold: number;
  /** For people. */
  readonly reason: string;
  /** On the rows that it was chosen on. */
  readonly alertsPerDay: number;
  readonly precision: number;
  readonly recall: number;
  /** Of alerts and missed frauds, a day; by the cost of an alert, where that was said. */
  readonly costCentsPerDay: number | null;
}

/** Throws when there is no row. */
export function chooseThreshold(model: Model, rows: LabelledRows, choice: ThresholdChoice): ChosenThreshold {
  if (rows.rows === 0)
    throw new Error('there is no transaction to choose a threshold on: take days that the journal has');
  const scores = scoresOf(model, rows);
  const order = Int32Array.from(scores, (_, row) => row).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const days = Math.max(1, new Set(rows.days).size);
  const alertCents = choice.by === 'cost' ? choice.alertCents : 0;
  const most = choice.by === 'budget' ? Math.round(choice.alertsPerDay * days) : order.length;
  let frauds = 0;
  let missedCents = 0;
  for (const row of order) {
    frauds += rows.labels[row]!;
    if (rows.labels[row] === 1) missedCents += rows.amountsCents[row]!;
  }
  let best = { alerts: 0, found: 0, costCents: missedCents, threshold: 1 };
  let found = 0;
  for (let end = 0; end < order.length; ) {
    const score = scores[order[end]!]!;
    // Rows of one score raise alerts together.
    for (; end < order.length && scores[order[end]!] === score; end++) {
      const row = order[end]!;
      if (rows.labels[row] === 0) continue;
      found += 1;
      missedCents -= rows.amountsCents[row]!;
    }
    if (end > most) break;
    const costCents = missedCents + end * alertCents;
    if (choice.by === 'budget' || costCents < best.costCents)
      best = { alerts: end, found, costCents, threshold: score };
  }
  const { alerts, threshold, costCents } = best;
  return {
    threshold,
    reason: reasonOf(choice),
    alertsPerDay: alerts / days,
    precision: alerts === 0 ? 0 : best.found / alerts,
    recall: frauds === 0 ? 0 : best.found / frauds,
    costCentsPerDay: choice.by === 'cost' ? costCents / days : null,
  };
}

function reasonOf(choice: ThresholdChoice): string {
  if (choice.by === 'budget') return `${choice.alertsPerDay} alerts a day`;
  return `least expected cost: ${(choice.alertCents / 100).toFixed(2)} an alert, the amount for a missed fraud`;
}
