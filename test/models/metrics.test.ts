import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagePrecision, rankedRows, rocAuc } from '../../src/models/metrics.ts';

/** Scores of few values, so that there are ties, with at least one row of each class. */
const ROWS = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean()), { minLength: 0, maxLength: 40 })
  .map((rows) => [...rows, [3, true], [4, false]] as [number, boolean][])
  .map((rows) => ({
    scores: Float64Array.from(rows, ([score]) => score),
    labels: Uint8Array.from(rows, ([, label]) => Number(label)),
  }));

describe('how well scores rank', () => {
  it('has the share of pairs in the right order as the area under the ROC curve, a tie counting half', () => {
    fc.assert(
      fc.property(ROWS, ({ scores, labels }) => {
        let right = 0;
        let pairs = 0;
        labels.forEach((one, a) => {
          labels.forEach((zero, b) => {
            if (one !== 1 || zero !== 0) return;
            pairs += 1;
            right += scores[a]! > scores[b]! ? 1 : scores[a] === scores[b] ? 0.5 : 0;
          });
        });
        expect(rocAuc(scores, labels, rankedRows(scores))).toBeCloseTo(right / pairs, 12);
      }),
    );
  });

  it('has the sum of precisions at each threshold, weighted by the recall gained, as average precision', () => {
    fc.assert(
      fc.property(ROWS, ({ scores, labels }) => {
        const positives = labels.filter((label) => label === 1).length;
        let sum = 0;
        let recall = 0;
        for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
          const taken = [...labels].filter((_, row) => scores[row]! >= threshold);
          const found = taken.filter((label) => label === 1).length;
          sum += (found / positives - recall) * (found / taken.length);
          recall = found / positives;
        }
        expect(averagePrecision(scores, labels, rankedRows(scores))).toBeCloseTo(sum, 12);
      }),
    );
  });

  // The examples in the documentation of scikit-learn 1.5, roc_auc_score and average_precision_score.
  it("gives scikit-learn's examples", () => {
    const scores = Float64Array.of(0.1, 0.4, 0.35, 0.8);
    const labels = Uint8Array.of(0, 0, 1, 1);
    const order = rankedRows(scores);
    expect(rocAuc(scores, labels, order)).toBe(0.75);
    expect(averagePrecision(scores, labels, order)).toBeCloseTo(0.8333, 4);
  });

  it('refuses to rank what is no number', () => {
    expect(() => rankedRows(Float64Array.of(1, Number.NaN))).toThrow('the score of row 1 is NaN');
  });
});
