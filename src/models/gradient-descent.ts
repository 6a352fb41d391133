/**
 * Logistic regression by gradient descent, of the package ml-logistic-regression: without L2, and with as many steps as are
 * asked for, whether it has converged or not. Its cost grows with rows times steps, so it learns from a sample: all rows of
 * class 1 and some of class 0. The intercept is put right for that (King and Zeng, "Logistic Regression in Rare Events
 * Data", 2001, section 4.1).
 */
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { type Linear, momentsOf, standardised } from './logistic.ts';
import { createRandom } from './random.ts';
import type { LabelledTable } from './table.ts';

export interface DescentOptions {
  readonly steps: number;
  /** Rows of the sample at most, unless class 1 alone has as many. */
  readonly sampleRows: number;
  readonly seed: number;
}

export function descendLogistic(table: LabelledTable, { steps, sampleRows, seed }: DescentOptions): Linear {
  const width = table.names.length;
  const { means, deviations } = momentsOf(table);
  const standard = standardised(table, means, deviations);
  const { rows, keptShare } = sampled(table, sampleRows, seed);
  // The package has no intercept: a column of ones is one.
  const features = new Matrix(rows.map((row) => [...standard.subarray(row * width, (row + 1) * width), 1]));
  const classes = Matrix.columnVector(rows.map((row) => table.labels[row]!));
  // Its gradient is a sum over rows and not a mean.
  const regression = new LogisticRegression({ numSteps: steps, learningRate: 1 / rows.length });
  regression.train(features, classes);
  const weights = Float64Array.from(regression.classifiers[0]!.weights.to1DArray());
  return { intercept: weights[width]! + Math.log(keptShare), weights: weights.slice(0, width), means, deviations };
}

/** All rows of class 1, and of class 0 a share. */
function sampled({ rows, labels }: LabelledTable, most: number, seed: number) {
  const random = createRandom();
  random.seed(seed, 0, 0);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const wanted = Math.min(1, Math.max(most - positives, positives) / (rows - positives));
  const taken: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (labels[row] === 1 || random.uniform() < wanted) taken.push(row);
  }
  return { rows: taken, keptShare: (taken.length - positives) / (rows - positives) };
}
