/** The kinds of model that can be trained, each by its recipe. */
import type { Recipe } from '../models/fit.ts';
import type { InputSet } from './model-inputs.ts';

export interface ModelKind {
  readonly inputSet: InputSet;
  readonly recipe: Recipe;
}

/** C = 1 without class weights, as the published figures have it. */
const LOGISTIC = { inverseL2: 1, positiveWeight: 1 };

export const MODEL_KINDS = {
  'logistic-regression': { inputSet: 'plain', recipe: { form: 'linear', options: LOGISTIC } },
  'logistic-regression-derived': {
    inputSet: 'bends',
    recipe: { form: 'linear', options: { ...LOGISTIC, inverseL2: 0.1 } },
  },
  'ml-logistic-regression': {
    inputSet: 'plain',
    recipe: { form: 'descent', options: { steps: 300, sampleRows: 10_000, seed: 1 } },
  },
  'boosted-trees': {
    inputSet: 'bends',
    recipe: {
      form: 'trees',
      options: {
        trees: 200,
        depth: 3,
        rate: 0.05,
        l2: 1,
        minHessian: 2,
        minGain: 0,
        rowShare: 0.7,
        columnShare: 0.5,
        positiveWeight: 1,
        bins: 256,
        seed: 1,
      },
    },
  },
} as const satisfies Readonly<Record<string, ModelKind>>;

/** By the mean over weekly folds, not by the published one; docs/fraud.md has the table. */
const BEST_KIND = 'boosted-trees';

export function modelKind(name: string): { readonly name: string; readonly kind: ModelKind } | undefined {
  const known: Readonly<Record<string, ModelKind>> = MODEL_KINDS;
  const own = name === 'best' ? BEST_KIND : name;
  const kind = Object.hasOwn(known, own) ? known[own] : undefined;
  return kind === undefined ? undefined : { name: own, kind };
}
