/** The scorer by thresholds beside the walk through the trees. */
import { expect, test } from 'vitest';
import { type BoostOptions, boostTrees } from '../../src/models/boost.ts';
import { quickScorer } from '../../src/models/quick-scorer.ts';
import { createRandom } from '../../src/models/random.ts';
import { logOddsOf } from '../../src/models/trees.ts';

const OPTIONS: BoostOptions = {
  ...{ trees: 30, depth: 3, rate: 0.3, l2: 1, minHessian: 0.1, minGain: 0 },
  ...{ rowShare: 0.8, columnShare: 0.7, positiveWeight: 1, bins: 32, seed: 3 },
};
const WIDTH = 5;

// Depth 5 has 32 leaves, as many as fit; with 6 the walk is taken.
test.each([1, 2, 3, 5, 6])(
  'trees of depth %i score every row to the bit as the walk does, also on a threshold',
  (depth) => {
    const random = createRandom();
    random.seed(depth, 1, 1);
    const rows = 500;
    const values = Float64Array.from({ length: rows * WIDTH }, () => random.below(40) - 20);
    const labels = Uint8Array.from({ length: rows }, (_, row) =>
      values[row * WIDTH]! * values[row * WIDTH + 1]! > 50 ? 1 : 0,
    );
    const trees = boostTrees({ names: ['a', 'b', 'c', 'd', 'e'], rows, values, labels }, { ...OPTIONS, depth });
    const score = quickScorer(trees);
    const asked = [...values, ...trees.threshold, 1e300, -1e300, 0, -0, 0.5];
    const others = Float64Array.from({ length: 3000 * WIDTH }, () => asked[random.below(asked.length)]!);
    for (let at = 0; at < others.length; at += WIDTH) expect(score(others, at)).toBe(logOddsOf(trees, others, at));
  },
);
