/** The card of a model: its training, its measurements, its intended use, and its promotions. */
import { inputsOf } from '../model-inputs.ts';
import type { RoleChange } from '../model-roles.ts';
import { rolesAfter } from '../model-roles.ts';
import { loadModel } from './model-files.ts';

export interface ModelCard {
  readonly model: string;
  readonly kind: string;
  readonly role: 'champion' | 'challenger' | null;
  /** By which it raises alerts, and what that was chosen by; that of its training where it never scored. */
  readonly threshold: number;
  readonly thresholdReason: string;
  /** Epoch ms, the end exclusive. */
  readonly trained: {
    readonly from: number;
    readonly to: number;
    readonly rows: number;
    readonly frauds: number;
    readonly prevalence: number;
  };
  readonly stream: string;
  /** How it was trained, as JSON. */
  readonly recipe: string;
  /** With the range of the training: what is missing counts as the mean, and what is far off as the end of the range. */
  readonly features: readonly {
    readonly name: string;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  }[];
  /**
   * Of a linear model the weight of each input, standardised; of trees how often each is asked about. Largest first. None of
   * a model that was made elsewhere.
   */
  readonly inputs: readonly { readonly name: string; readonly family: string; readonly weight: number }[];
  /** What was measured before it was promoted last, as `model evaluate` gives it; null where nothing was. */
  readonly measured: unknown;
  readonly limits: readonly string[];
  /** Oldest first. */
  readonly history: readonly Omit<RoleChange, 'measured'>[];
}

/** Throws in words for people when there is no such model, or its file is damaged. */
export function modelCard(dataDir: string, id: string, changes: readonly RoleChange[]): ModelCard {
  const model = loadModel(dataDir, id);
  const { champion, challenger } = rolesAfter(changes);
  const own = changes.filter((change) => change.model === id);
  const last = own.at(-1);
  const measured = own.findLast((change) => change.measured !== '')?.measured ?? '';
  const { rows, positives, ranges, features } = model;
  return {
    model: id,
    kind: model.kind,
    role: id === champion.model ? 'champion' : id === challenger.model ? 'challenger' : null,
    threshold: last?.threshold ?? model.threshold,
    thresholdReason: last?.reason ?? `${model.alertsPerDay} alerts a day of the training`,
    trained: {
      from: model.trainedFromMs,
      to: model.trainedToMs,
      rows,
      frauds: positives,
      prevalence: positives / rows,
    },
    stream: model.stream,
    recipe: model.recipe,
    features: features.map((name, at) => ({
      name,
      mean: ranges[at]!.mean,
      low: ranges[at]!.low,
      high: ranges[at]!.high,
    })),
    inputs: weightsOf(model),
    measured: measured === '' ? null : JSON.parse(measured),
    limits: model.fitted.form === 'onnx' ? [...LIMITS, ELSEWHERE] : LIMITS,
    history: own.map(({ measured: _, ...change }) => change),
  };
}

const LIMITS = [
  'A transaction without a label a week later was taken as genuine.',
  'A score is the chance of fraud where the share of fraud is that of the training.',
  'It has seen one week: what comes once a month or a year it does not know.',
];

const ELSEWHERE =
  'It was made elsewhere, and is asked in floats: its scores are exact to about 1e-6, and another build of onnxruntime-node may differ there.';

function weightsOf({ features, inputSet, fitted }: ReturnType<typeof loadModel>): ModelCard['inputs'] {
  // Nobody here knows what a model that was made elsewhere goes by.
  if (fitted.form === 'onnx') return [];
  const { names, families } = inputsOf(features, inputSet);
  const weights = new Float64Array(names.length);
  if (fitted.form === 'linear') weights.set(fitted.linear.weights);
  else for (const column of fitted.trees.column) if (column >= 0) weights[column]! += 1;
  return names
    .map((name, at) => ({ name, family: families[at]!, weight: weights[at]! }))
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}
