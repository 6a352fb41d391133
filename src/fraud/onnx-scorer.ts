/**
 * Scores and reasons of a model that was made elsewhere. Its inside is unknown, so the contribution of a family of
 * features is found by scoring: for every set of families, a row with the event's values for these and the means for
 * the others.
 */
import { type ColumnRange, keptInRange } from '../models/moments.ts';
import { type OnnxModel, onnxChances } from '../models/onnx.ts';
import { shapleyValues } from '../models/shapley.ts';
import type { Contribution, Model, Scorer } from './model.ts';
import { type Family, inputsOf } from './model-inputs.ts';

/** A chance of 0 or 1, which a forest may say, has no log odds. */
const LEAST_CHANCE = 1e-6;

function logOdds(chance: number): number {
  const kept = Math.min(Math.max(chance, LEAST_CHANCE), 1 - LEAST_CHANCE);
  return Math.log(kept / (1 - kept));
}

/** Throws NoOnnxRuntime. */
export function createOnnxScorer(model: Model, onnx: OnnxModel): Scorer {
  const { features, ranges } = model;
  const width = features.length;
  const { families } = inputsOf(features, 'plain');
  const chances = onnxChances(onnx);
  const scoreRows = (values: Float64Array, rows: number): Float64Array => {
    const kept = new Float64Array(rows * width);
    for (let at = 0; at < kept.length; at++) kept[at] = keptInRange(values[at]!, ranges[at % width]!);
    return chances(kept, rows);
  };
  return {
    model,
    inBlocks: true,
    scoreRows,
    score: (values, from) => scoreRows(values.subarray(from, from + width), 1)[0]!,
    explain(values, from) {
      const raw = values.subarray(from, from + width);
      const own = raw.map((value, at) => keptInRange(value, ranges[at]!));
      return explained(raw, own, { features, ranges, families, chances });
    },
  };
}

interface Asked {
  readonly features: readonly string[];
  readonly ranges: readonly ColumnRange[];
  readonly families: readonly Family[];
  readonly chances: (values: Float64Array, rows: number) => Float64Array;
}

/** Rows for all sets of families, then one for each feature alone. */
function explained(raw: Float64Array, own: Float64Array, { features, ranges, families, chances }: Asked) {
  const width = own.length;
  const players = [...new Set(families)];
  const sets = 1 << players.length;
  const rows = new Float64Array((sets + width) * width);
  for (let row = 0; row < sets + width; row++) {
    for (let at = 0; at < width; at++) {
      const isOwn = row < sets ? (row & (1 << players.indexOf(families[at]!))) !== 0 : row - sets === at;
      rows[row * width + at] = isOwn ? own[at]! : ranges[at]!.mean;
    }
  }
  const said = chances(rows, sets + width).map(logOdds);
  const shares = shapleyValues(said.subarray(0, sets));
  const contributions = players.map((family, player): Contribution => {
    const places = [...features.keys()].filter((at) => families[at] === family);
    const place = places.reduce((most, at) => (said[sets + at]! > said[sets + most]! ? at : most));
    const value = Number.isNaN(raw[place]) ? own[place]! : raw[place]!;
    return { family, logOdds: shares[player]!, feature: features[place]!, value, norm: ranges[place]!.mean };
  });
  return { base: said[0]!, families: contributions.sort((a, b) => b.logOdds - a.logOdds) };
}
