/** One model of a kind, from the rows of an interval. */
import { scorerOf } from '../../models/fit.ts';
import { columnRanges, keptInRange, rangeOf } from '../../models/moments.ts';
import type { LabelledTable } from '../../models/table.ts';
import { trainInPool } from '../../workers/training.ts';
import type { ModelFacts } from '../model.ts';
import { inputsOf } from '../model-inputs.ts';
import type { ModelKind } from '../model-kinds.ts';
import type { LabelledRows } from './labelled-rows.ts';

interface TrainOptions {
  readonly kind: string;
  readonly stream: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The threshold is chosen for so many alerts a day. */
  readonly alertsPerDay: number;
}

/** Rejects in words for people when nothing can be learned from the rows. */
export async function trainModel(
  rows: LabelledRows,
  { inputSet, recipe }: ModelKind,
  options: TrainOptions,
): Promise<ModelFacts> {
  const { features, labels } = rows;
  if (rows.rows === 0) throw new Error('the journal has no transaction of these days: training takes days that it has');
  const ranges = columnRanges({ names: features, rows: rows.rows, values: rows.values });
  const inputs = inputsOf(features, inputSet);
  const table: LabelledTable = {
    names: inputs.names,
    rows: rows.rows,
    values: new Float64Array(rows.rows * inputs.names.length),
    labels,
  };
  const kept = new Float64Array(features.length);
  for (let row = 0; row < rows.rows; row++) {
    for (let at = 0; at < kept.length; at++) kept[at] = keptInRange(rows.values[row * kept.length + at]!, ranges[at]!);
    inputs.expand(kept, 0, table.values, row * inputs.names.length);
  }
  const fitted = await trainInPool(table, recipe);
  const logOdds = scorerOf(fitted);
  const scores = Float64Array.from({ length: rows.rows }, (_, row) => {
    return 1 / (1 + Math.exp(-logOdds(table.values, row * inputs.names.length)));
  });
  return {
    kind: options.kind,
    stream: options.stream,
    features,
    inputSet,
    trainedFromMs: options.fromMs,
    trainedToMs: options.toMs,
    rows: rows.rows,
    positives: labels.reduce((sum, label) => sum + label, 0),
    ranges,
    scores: rangeOf(scores),
    threshold: thresholdFor(scores, options.alertsPerDay * Math.max(1, new Set(rows.days).size)),
    alertsPerDay: options.alertsPerDay,
    recipe: JSON.stringify(recipe),
    fitted,
  };
}

/** The score that so many rows reach, at most; the smallest above 0 where fewer rows have one. */
export function thresholdFor(scores: Float64Array, alerts: number): number {
  const sorted = Float64Array.from(scores).sort();
  return sorted[Math.max(0, sorted.length - Math.round(alerts))] ?? 1;
}
