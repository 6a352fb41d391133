/**
 * Logistic regression by iteratively reweighted least squares (Newton's method), with L2 on all weights but the
 * intercept: minimises ½‖w‖² + C · Σ weight·loss, as scikit-learn's LogisticRegression does.
 */
import type { LabelledTable } from './table.ts';

export interface LogisticOptions {
  /** C: the inverse of the strength of L2. */
  readonly inverseL2: number;
  /** Weight of a row of class 1; rows of class 0 weigh 1. */
  readonly positiveWeight: number;
}

export interface Linear {
  readonly intercept: number;
  /** For the standardised columns. */
  readonly weights: Float64Array;
  readonly means: Float64Array;
  /** 0 for a column that has one value: it says nothing, and its weight is 0. */
  readonly deviations: Float64Array;
}

const MAX_STEPS = 50;
/** Largest change of a weight at which it has converged. */
const TOLERANCE = 1e-9;

export function fitLogistic(table: LabelledTable, { inverseL2, positiveWeight }: LogisticOptions): Linear {
  const { rows, labels } = table;
  const width = table.names.length;
  const { means, deviations } = momentsOf(table);
  const standard = standardised(table, means, deviations);
  const size = width + 1;
  const weights = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  for (let step = 0; step < MAX_STEPS; step++) {
    hessian.fill(0);
    gradient.fill(0);
    for (let row = 0; row < rows; row++) {
      const at = row * width;
      let odds = weights[width]!;
      for (let column = 0; column < width; column++) odds += weights[column]! * standard[at + column]!;
      const chance = 1 / (1 + Math.exp(-odds));
      const weight = inverseL2 * (labels[row] === 1 ? positiveWeight : 1);
      const error = weight * (chance - labels[row]!);
      const curvature = weight * chance * (1 - chance);
      for (let column = 0; column < width; column++) {
        const value = standard[at + column]!;
        gradient[column]! += error * value;
        const scaled = curvature * value;
        for (let other = 0; other <= column; other++) hessian[column * size + other]! += scaled * standard[at + other]!;
        hessian[width * size + column]! += scaled;
      }
      gradient[width]! += error;
      hessian[width * size + width]! += curvature;
    }
    for (let column = 0; column < width; column++) {
      gradient[column]! += weights[column]!;
      hessian[column * size + column]! += 1;
    }
    solveInPlace(hessian, gradient, size);
    let largest = 0;
    for (let column = 0; column < size; column++) {
      weights[column]! -= gradient[column]!;
      largest = Math.max(largest, Math.abs(gradient[column]!));
    }
    if (largest < TOLERANCE) break;
  }
  return { intercept: weights[width]!, weights: weights.slice(0, width), means, deviations };
}

/** Means and standard deviations (of the population, as scikit-learn's StandardScaler has them). */
export function momentsOf({ names, rows, values }: LabelledTable): Pick<Linear, 'means' | 'deviations'> {
  const width = names.length;
  const means = new Float64Array(width);
  const deviations = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) means[column]! += values[row * width + column]!;
  }
  for (let column = 0; column < width; column++) means[column]! /= rows;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      deviations[column]! += (values[row * width + column]! - means[column]!) ** 2;
    }
  }
  for (let column = 0; column < width; column++) deviations[column] = Math.sqrt(deviations[column]! / rows);
  return { means, deviations };
}

export function standardised(
  { names, rows, values }: LabelledTable,
  means: Float64Array,
  deviations: Float64Array,
): Float64Array {
  const width = names.length;
  const standard = new Float64Array(rows * width);
  for (let column = 0; column < width; column++) {
    const deviation = deviations[column]!;
    if (deviation === 0) continue;
    for (let at = column; at < standard.length; at += width) standard[at] = (values[at]! - means[column]!) / deviation;
  }
  return standard;
}

/** Solves A x = b for a positive definite A, whose lower triangle is given: x takes the place of b, A is overwritten. */
function solveInPlace(matrix: Float64Array, vector: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column]!;
      for (let at = 0; at < column; at++) sum -= matrix[row * size + at]! * matrix[column * size + at]!;
      matrix[row * size + column] = row === column ? Math.sqrt(sum) : sum / matrix[column * size + column]!;
    }
  }
  for (let row = 0; row < size; row++) {
    for (let at = 0; at < row; at++) vector[row]! -= matrix[row * size + at]! * vector[at]!;
    vector[row]! /= matrix[row * size + row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let at = row + 1; at < size; at++) vector[row]! -= matrix[at * size + row]! * vector[at]!;
    vector[row]! /= matrix[row * size + row]!;
  }
}

/** Log odds of a row, which begins at `offset` of `values`. */
export function linearLogOdds(
  { intercept, weights, means, deviations }: Linear,
  values: Float64Array,
  offset: number,
): number {
  let sum = intercept;
  for (let column = 0; column < weights.length; column++) {
    const deviation = deviations[column]!;
    if (deviation > 0) sum += (weights[column]! * (values[offset + column]! - means[column]!)) / deviation;
  }
  return sum;
}
