/** A sum of regression trees, flat: what scores a row, and what a model file holds. */

export interface Trees {
  /** Log odds before any tree. */
  readonly base: number;
  /** The first node of each tree. */
  readonly roots: Int32Array;
  /** The column that a node asks about; -1 in a leaf. */
  readonly column: Int16Array;
  /** A row goes left when its value is at most this. */
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Log odds that a leaf adds; 0 elsewhere. */
  readonly value: Float64Array;
  /** Weight of the training rows that came through each node. */
  readonly cover: Float64Array;
}

/** Log odds of a row, which begins at `offset` of `values`. */
export function logOddsOf(trees: Trees, values: Float64Array, offset: number): number {
  const { roots, column, threshold, left, right, value } = trees;
  let sum = trees.base;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    for (let asked = column[node]!; asked >= 0; asked = column[node]!) {
      node = values[offset + asked]! <= threshold[node]! ? left[node]! : right[node]!;
    }
    sum += value[node]!;
  }
  return sum;
}
