/** How far the features of an interval, and a model's scores of it, are from those that the model was trained on. */
import { rangeOf, sharesOf, stabilityIndex } from '../../models/moments.ts';
import type { Model } from '../model.ts';
import { scoresOf } from './evaluate.ts';
import type { LabelledRows } from './labelled-rows.ts';

/** From these on (Siddiqi, Credit Risk Scorecards, 2006). */
const WATCH = 0.1;
const ALARM = 0.25;

export interface Drift {
  /** A feature of the model, or `score`. */
  readonly of: string;
  /** Population stability index over the tenths of the training. */
  readonly psi: number;
  readonly state: 'stable' | 'watch' | 'alarm';
  readonly trainedMean: number;
  readonly mean: number;
}

/** The score first, then the features, those that moved most first. Throws when the rows have not the model's features. */
export function driftOf(model: Model, rows: LabelledRows): Drift[] {
  const width = rows.features.length;
  const features = model.features.map((name, at) => {
    const column = rows.features.indexOf(name);
    const values = Float64Array.from({ length: rows.rows }, (_, row) => rows.values[row * width + column]!);
    return driftFrom(name, model.ranges[at]!, movedTo(model.ranges[at]!, values));
  });
  const score = driftFrom('score', model.scores, movedTo(model.scores, scoresOf(model, rows)));
  return [score, ...features.sort((a, b) => b.psi - a.psi)];
}

/** What a column is like now. */
export interface Moved {
  /** Of the rows that have it, in the parts that the training's tenths cut. */
  readonly shares: readonly number[];
  readonly mean: number;
}

export function driftFrom(of: string, trained: Model['scores'], { shares, mean }: Moved): Drift {
  const psi = stabilityIndex(trained.shares, shares);
  const state = psi >= ALARM ? 'alarm' : psi >= WATCH ? 'watch' : 'stable';
  return { of, psi, state, trainedMean: trained.mean, mean };
}

function movedTo(trained: Model['scores'], all: Float64Array): Moved {
  const values = all.filter((value) => !Number.isNaN(value));
  return { shares: sharesOf(values, trained.tenths), mean: rangeOf(values).mean };
}
