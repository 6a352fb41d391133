/** A model that was made elsewhere, completed by the ranges and the threshold of the days that it was trained on. */
import { createHash } from 'node:crypto';
import { columnRanges, rangeOf } from '../../models/moments.ts';
import { type OnnxModel, onnxModel } from '../../models/onnx.ts';
import { nameHint } from '../../nearest-word.ts';
import type { ModelFacts } from '../model.ts';
import { createScorer } from '../scorer.ts';
import { columnsOf, type LabelledRows } from './labelled-rows.ts';
import { thresholdFor } from './train.ts';

interface ImportOptions {
  /** For people: the name of the file. */
  readonly name: string;
  /** In the order of the model's own columns. */
  readonly features: readonly string[];
  readonly stream: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly alertsPerDay: number;
}

/** Throws NoOnnxRuntime, and in words for people when the file is no such model or the rows have not its features. */
export function importOnnx(bytes: Uint8Array, rows: LabelledRows, options: ImportOptions): ModelFacts {
  const { name, features, alertsPerDay } = options;
  for (const feature of features) {
    if (!rows.features.includes(feature))
      throw new Error(`${options.stream} has no feature ${feature}; ${nameHint(feature, rows.features)}`);
  }
  if (rows.rows === 0) throw new Error('the journal has no transaction of these days: name the days it was trained on');
  const onnx = opened(name, bytes, features.length);
  const table = { names: features, rows: rows.rows, values: columnsOf(rows, features) };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts: ModelFacts = {
    kind: 'onnx',
    stream: options.stream,
    features,
    inputSet: 'plain',
    trainedFromMs: options.fromMs,
    trainedToMs: options.toMs,
    rows: rows.rows,
    positives: rows.labels.reduce((sum, label) => sum + label, 0),
    ranges: columnRanges(table),
    scores: rangeOf(new Float64Array()),
    threshold: 1,
    alertsPerDay,
    recipe: JSON.stringify({ form: 'onnx', file: name, bytes: bytes.byteLength, sha256 }),
    fitted: { form: 'onnx', onnx },
  };
  const scores = createScorer({ ...facts, id: name }).scoreRows(table.values, rows.rows);
  const wrong = scores.findIndex((score) => !(score >= 0 && score <= 1));
  if (wrong >= 0) {
    throw new Error(
      `${name} says ${scores[wrong]} of transaction ${rows.transactions[wrong]}: a chance is from 0 to 1. A model that says ` +
        'log odds needs a Sigmoid behind its output',
    );
  }
  const days = Math.max(1, new Set(rows.days).size);
  return { ...facts, scores: rangeOf(scores), threshold: thresholdFor(scores, alertsPerDay * days) };
}

function opened(name: string, bytes: Uint8Array, columns: number): OnnxModel {
  try {
    return onnxModel(bytes, columns);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
