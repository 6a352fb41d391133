/** A model of the fraud domain: its kind, its training interval, and all that its score needs. */
import { createHash } from 'node:crypto';
import type { Fitted } from '../models/fit.ts';
import type { ColumnRange } from '../models/moments.ts';
import type { OnnxModel } from '../models/onnx.ts';
import type { Family, InputSet } from './model-inputs.ts';

export interface ModelFacts {
  readonly kind: string;
  /** Stream of the vectors that it was trained on. */
  readonly stream: string;
  readonly features: readonly string[];
  readonly inputSet: InputSet;
  /** Event time of what it was trained on, epoch ms, the end exclusive. */
  readonly trainedFromMs: number;
  readonly trainedToMs: number;
  readonly rows: number;
  readonly positives: number;
  /** A range a feature, of the rows that it was trained on. */
  readonly ranges: readonly ColumnRange[];
  /** Of its scores of these rows. */
  readonly scores: ColumnRange;
  /** From this score on, a transaction raises an alert. From 0 to 1. */
  readonly threshold: number;
  /** The alerts a day that the threshold was chosen for. */
  readonly alertsPerDay: number;
  readonly recipe: string;
  readonly fitted: Fitted | MadeElsewhere;
}

/** A model that was not trained here. */
interface MadeElsewhere {
  readonly form: 'onnx';
  readonly onnx: OnnxModel;
}

export interface Model extends ModelFacts {
  /** Kind and the beginning of its hash: the same training on the same data has the same id. */
  readonly id: string;
}

const FORMAT = 1;

/** The text of a model's file, and its id. */
export function modelFile(facts: ModelFacts): { readonly id: string; readonly text: string } {
  const content = JSON.stringify(facts, (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(numbersOf(value)) : value,
  );
  const hash = hashOf(content);
  const id = `${facts.kind}-${hash.slice(0, 8)}`;
  return { id, text: `${JSON.stringify({ format: FORMAT, id, sha256: hash })}\n${content}\n` };
}

function numbersOf(view: ArrayBufferView): Iterable<number> {
  if (view instanceof Float64Array || view instanceof Int32Array || view instanceof Int16Array) return view;
  throw new Error('a model holds numbers');
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Throws, in words for people, when the file is no model, or no longer the one that was written. */
export function readModel(name: string, text: string): Model {
  const [head = '', content = ''] = text.split('\n');
  const { format, id, sha256 } = headOf(name, head);
  if (format !== FORMAT) {
    throw new Error(`${name} has format ${String(format)}; this version reads format ${FORMAT}. Train it anew`);
  }
  if (hashOf(content) !== sha256) {
    throw new Error(
      `${name} is damaged: its content does not have the hash that it names. Train it anew, or restore it`,
    );
  }
  const facts: ModelFacts = JSON.parse(content);
  return { ...facts, id: String(id), fitted: typed(facts.fitted) };
}

function headOf(name: string, line: string): { format?: unknown; id?: unknown; sha256?: unknown } {
  try {
    const head: unknown = JSON.parse(line);
    if (typeof head === 'object' && head !== null) return head;
  } catch {
    // Said below.
  }
  throw new Error(`${name} is no model file: its first line is no JSON. Train it anew, or restore it`);
}

function typed(fitted: ModelFacts['fitted']): ModelFacts['fitted'] {
  if (fitted.form === 'onnx') return fitted;
  if (fitted.form === 'linear') {
    const { intercept, weights, means, deviations } = fitted.linear;
    return {
      form: 'linear',
      linear: {
        intercept,
        weights: Float64Array.from(weights),
        means: Float64Array.from(means),
        deviations: Float64Array.from(deviations),
      },
    };
  }
  const { base, roots, column, threshold, left, right, value, cover } = fitted.trees;
  return {
    form: 'trees',
    trees: {
      base,
      roots: Int32Array.from(roots),
      column: Int16Array.from(column),
      threshold: Float64Array.from(threshold),
      left: Int32Array.from(left),
      right: Int32Array.from(right),
      value: Float64Array.from(value),
      cover: Float64Array.from(cover),
    },
  };
}

export interface Contribution {
  readonly family: Family;
  /** Log odds that the family adds to the base. */
  readonly logOdds: number;
  /** The features of the family that the row says most by. */
  readonly feature: string;
  readonly value: number;
  /** Mean of that feature in training. */
  readonly norm: number;
}

export interface Scorer {
  readonly model: Model;
  /** Chance of fraud of the features that begin at `from`: from 0 to 1. */
  score(values: Float64Array, from: number): number;
  /** Of so many rows, one after the other. */
  scoreRows(values: Float64Array, rows: number): Float64Array;
  /** Many rows cost it little more than one, so they are better asked about together. */
  readonly inBlocks: boolean;
  /** By family, those that speak most for fraud first; they and `base` add up to the log odds. */
  explain(values: Float64Array, from: number): { readonly base: number; readonly families: Contribution[] };
}
