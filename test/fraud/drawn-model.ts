/** A small model of a kind, trained on drawn rows: amounts above 220.00 are mostly fraud. */
import type { ModelFacts } from '../../src/fraud/model.ts';
import { inputsOf } from '../../src/fraud/model-inputs.ts';
import { MODEL_KINDS } from '../../src/fraud/model-kinds.ts';
import { trainOn } from '../../src/models/fit.ts';
import { columnRanges, rangeOf } from '../../src/models/moments.ts';
import { createRandom } from '../../src/models/random.ts';

export const DRAWN_FEATURES = [
  'amountCents',
  'customer_nb_tx_30day',
  'customer_avg_amount_30day',
  'tx_during_night',
  'terminal_risk_7day',
];

export function drawnModel(
  kind: keyof typeof MODEL_KINDS,
  seed = 1,
): { readonly facts: ModelFacts; readonly values: Float64Array } {
  const { inputSet, recipe } = MODEL_KINDS[kind];
  const rows = 600;
  const random = createRandom();
  random.seed(seed, 2, 3);
  const width = DRAWN_FEATURES.length;
  const values = new Float64Array(rows * width);
  const labels = new Uint8Array(rows);
  const inputs = inputsOf(DRAWN_FEATURES, inputSet);
  const expanded = new Float64Array(rows * inputs.names.length);
  for (let row = 0; row < rows; row++) {
    const amountCents = random.below(30_000);
    values.set([amountCents, 1 + random.below(90), 10 + random.below(100), row % 2, random.uniform()], row * width);
    labels[row] = amountCents > 22_000 && random.uniform() < 0.8 ? 1 : 0;
    inputs.expand(values, row * width, expanded, row * inputs.names.length);
  }
  const fitted = trainOn({ names: inputs.names, rows, values: expanded, labels }, recipe);
  const facts: ModelFacts = {
    ...{ kind, stream: 's.features', features: DRAWN_FEATURES, inputSet },
    ...{ trainedFromMs: 0, trainedToMs: 1, rows, positives: 9 },
    ranges: columnRanges({ names: DRAWN_FEATURES, rows, values }),
    scores: rangeOf(new Float64Array(3)),
    ...{ threshold: 0.5, alertsPerDay: 100, recipe: '', fitted },
  };
  return { facts, values };
}
