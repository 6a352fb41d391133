/** Scores a row of features by a model. */
import { baseOf, contributionsOf, type Fitted, scorerOf } from '../models/fit.ts';
import { keptInRange } from '../models/moments.ts';
import { whyNoOnnx } from '../models/onnx-runtime.ts';
import type { Model, Scorer } from './model.ts';
import { type Family, inputsOf } from './model-inputs.ts';
import { createOnnxScorer } from './onnx-scorer.ts';

/** What this process lacks to score by the model, in words for people; null for nothing. */
export function whyNotScored({ fitted }: Model): string | null {
  return fitted.form === 'onnx' ? whyNoOnnx() : null;
}

/** Throws NoOnnxRuntime for a model that was made elsewhere, where nothing here can score it. */
export function createScorer(model: Model): Scorer {
  const { fitted } = model;
  return fitted.form === 'onnx' ? createOnnxScorer(model, fitted.onnx) : createOwnScorer(model, fitted);
}

function createOwnScorer(model: Model, fitted: Fitted): Scorer {
  const { features, ranges } = model;
  const inputs = inputsOf(features, model.inputSet);
  const kept = new Float64Array(features.length);
  const row = new Float64Array(inputs.names.length);
  const logOdds = scorerOf(fitted);
  const prepare = (values: Float64Array, from: number): void => {
    for (let at = 0; at < kept.length; at++) kept[at] = keptInRange(values[from + at]!, ranges[at]!);
    inputs.expand(kept, 0, row, 0);
  };
  const score = (values: Float64Array, from: number): number => {
    prepare(values, from);
    return 1 / (1 + Math.exp(-logOdds(row, 0)));
  };
  return {
    model,
    inBlocks: false,
    score,
    scoreRows: (values, rows) => Float64Array.from({ length: rows }, (_, at) => score(values, at * features.length)),
    explain(values, from) {
      prepare(values, from);
      const all = contributionsOf(fitted, row, 0);
      const byFeature = new Float64Array(features.length);
      const sums = new Map<Family, { logOdds: number; places: Set<number> }>();
      for (let at = 0; at < inputs.names.length; at++) {
        const logOdds = all[at] ?? 0;
        const place = inputs.says[at]!;
        byFeature[place]! += logOdds;
        const sum = sums.get(inputs.families[at]!) ?? { logOdds: 0, places: new Set() };
        sum.logOdds += logOdds;
        sum.places.add(place);
        sums.set(inputs.families[at]!, sum);
      }
      const families = [...sums].map(([family, { logOdds, places }]) => {
        const place = [...places].reduce((most, each) => (byFeature[each]! > byFeature[most]! ? each : most));
        const feature = features[place] ?? family;
        const raw = values[from + place]!;
        const value = Number.isNaN(raw) ? kept[place]! : raw;
        return { family, logOdds, feature, value, norm: ranges[place]?.mean ?? 0 };
      });
      return { base: baseOf(fitted), families: families.sort((a, b) => b.logOdds - a.logOdds) };
    },
  };
}
