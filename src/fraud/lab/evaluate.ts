/** A model judged by the protocol on the vectors of an interval. */
import type { Model } from '../model.ts';
import { type Evaluation, evaluateScores, rowsToJudge } from '../protocol.ts';
import { createScorer } from '../scorer.ts';
import { columnsOf, type LabelledRows, type Labels } from './labelled-rows.ts';

const DAY_MS = 86_400_000;
const RESAMPLINGS = 100;

export interface Judged extends Evaluation {
  readonly model: string;
  readonly kind: string;
}

/** Throws when the rows have not the features of the model, or when none is left. */
export function evaluateModel(model: Model, rows: LabelledRows, labels: Labels, fromMs: number): Judged {
  const scores = scoresOf(model, rows);
  const frauds = [...labels.values()].filter(({ fraud }) => fraud);
  const trained = { fromMs: model.trainedFromMs, toMs: model.trainedToMs };
  const kept = rowsToJudge(rows, frauds, trained, Math.floor(fromMs / DAY_MS));
  if (kept.length === 0)
    throw new Error('no transaction of the range is left to judge: take days that the journal has');
  const judged = {
    days: kept.map((row) => rows.days[row]!),
    customers: Float64Array.from(kept, (row) => rows.customers[row]!),
    labels: Uint8Array.from(kept, (row) => rows.labels[row]!),
    scenarios: Uint8Array.from(kept, (row) => rows.scenarios[row]!),
    amountsCents: Float64Array.from(kept, (row) => rows.amountsCents[row]!),
  };
  const keptScores = Float64Array.from(kept, (row) => scores[row]!);
  return { model: model.id, kind: model.kind, ...evaluateScores(judged, keptScores, model.threshold, RESAMPLINGS) };
}

/** A score a row. Throws when the model asks for a feature that the rows have not. */
export function scoresOf(model: Model, rows: LabelledRows): Float64Array {
  const missing = model.features.filter((name) => !rows.features.includes(name));
  if (missing.length > 0) {
    throw new Error(
      `model ${model.id} needs ${missing.join(', ')}, which ${model.stream} has not: train one on what it has`,
    );
  }
  return createScorer(model).scoreRows(columnsOf(rows, model.features), rows.rows);
}
