/** A model in its place in a partition: its scorer over the columns at hand, and what a snapshot keeps of it. */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { NoOnnxRuntime } from '../models/onnx-runtime.ts';
import { fieldAt, valueTypeOf } from '../streams/field-type.ts';
import { type Model, readModel, type Scorer } from './model.ts';
import { createScorer, whyNotScored } from './scorer.ts';

export interface Serving {
  readonly id: string;
  readonly threshold: number;
  readonly scorer: Scorer;
  /** The features of a row, for the scorer: good until another row is asked about. */
  featuresOf(row: number): Float64Array;
  /** Chance of fraud, from 0 to 1. Throws NoOnnxRuntime where this process can't score by it. */
  score(row: number): number;
}

export interface HeldModel extends Serving {
  readonly content: string;
  /** It was made elsewhere, so not every process can score by it. */
  readonly isForeign: boolean;
  /** What this process lacks for it, in words for people; empty for nothing. */
  readonly lacking: string;
  bind(columns: Columns): void;
}

/** Throws in words for people when the file is damaged, or needs what events of the schema have not. */
export function heldOf(schema: AvroRecord, content: string, threshold: number): HeldModel {
  const model = readModel('The file of the model', content);
  refuseUnfit(model, schema);
  const lacking = whyNotScored(model);
  const scorer = lacking === null ? createScorer(model) : refusingScorer(model, lacking);
  const { features } = model;
  const own = new Float64Array(features.length);
  const values: Float64Array[] = features.map(() => own);
  const nulls: (Uint8Array | null)[] = features.map(() => null);
  const featuresOf = (row: number): Float64Array => {
    for (let at = 0; at < own.length; at++) own[at] = nulls[at]?.[row] === 1 ? Number.NaN : values[at]![row]!;
    return own;
  };
  /** Of all rows at hand, where they are better asked about together; null until one is. */
  let scores: Float64Array | null = null;
  let count = 0;
  const scoreAll = (): Float64Array => {
    const all = new Float64Array(count * own.length);
    for (let row = 0; row < count; row++) all.set(featuresOf(row), row * own.length);
    return scorer.scoreRows(all, count);
  };
  return {
    id: model.id,
    threshold,
    scorer,
    content,
    isForeign: model.fitted.form === 'onnx',
    lacking: lacking ?? '',
    bind(columns) {
      scores = null;
      count = columns.count;
      for (const [at, feature] of features.entries()) {
        const column = columns.column(feature);
        values[at] = columns.numbers(feature);
        nulls[at] = column?.kind === 'number' ? column.nulls : null;
      }
    },
    featuresOf,
    score: scorer.inBlocks
      ? (row) => {
          scores ??= scoreAll();
          return scores[row]!;
        }
      : (row) => scorer.score(featuresOf(row), 0),
  };
}

/** Stands for a model that this process can't score by: the log must say so before anybody asks for a score. */
function refusingScorer(model: Model, lacking: string): Scorer {
  const refuse = (): never => {
    throw new NoOnnxRuntime(lacking);
  };
  return { model, inBlocks: false, score: refuse, scoreRows: refuse, explain: refuse };
}

function refuseUnfit({ id, features }: Model, schema: AvroRecord): void {
  const missing = features.filter((name) => {
    const field = fieldAt(schema, name);
    return field === undefined || valueTypeOf(field) !== 'number';
  });
  if (missing.length === 0) return;
  const list = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, and ${missing.length - 5} more` : ''}`;
  throw new Error(
    `model ${id} needs ${list}, which the events have not: declare these features, or train on those there are`,
  );
}
