/**
 * The values of each column as a bin number from 0 to 255, for histograms: quantiles of the distinct values, as LightGBM
 * and XGBoost (`tree_method: hist`) cut them. Missing values must have been replaced before.
 */
import type { LabelledTable } from './table.ts';

export interface Bins {
  /** Column after column, `rows` bin numbers each. */
  readonly numbers: Uint8Array;
  /** For each column the upper edge of every bin but the last: a value belongs to the first bin whose edge is ≥ it. */
  readonly edges: readonly Float64Array[];
}

const MAX_BINS = 256;

/** @param limit bins a column, from 2 to 256 */
export function binColumns({ names, rows, values, labels }: LabelledTable, limit: number): Bins {
  const width = names.length;
  const numbers = new Uint8Array(width * rows);
  const column = new Float64Array(rows);
  const edges = names.map((_, at) => {
    for (let row = 0; row < rows; row++) column[row] = values[row * width + at]!;
    const cuts = edgesOf(column, labels, Math.min(limit, MAX_BINS));
    for (let row = 0; row < rows; row++) numbers[at * rows + row] = binOf(cuts, column[row]!);
    return cuts;
  });
  return { numbers, edges };
}

/**
 * Both classes weigh the same in the quantiles: where the rare class lies, bins are fine. Edges lie halfway between
 * neighbours, so that a new value falls to the nearer one.
 */
function edgesOf(column: Float64Array, labels: Uint8Array, limit: number): Float64Array {
  const order = Int32Array.from(column, (_, row) => row).sort((a, b) => column[a]! - column[b]! || a - b);
  let positives = 0;
  for (const label of labels) positives += label;
  const positiveWeight = (labels.length - positives) / positives;
  const distinct: number[] = [];
  const weights: number[] = [];
  for (const row of order) {
    const value = column[row]!;
    const weight = labels[row] === 1 ? positiveWeight : 1;
    if (value === distinct.at(-1)) weights[weights.length - 1]! += weight;
    else {
      distinct.push(value);
      weights.push(weight);
    }
  }
  const cuts: number[] = [];
  const perBin = distinct.length <= limit ? 0 : (2 * (labels.length - positives)) / limit;
  let filled = 0;
  for (let at = 0; at + 1 < distinct.length && cuts.length < limit - 1; at++) {
    filled += weights[at]!;
    // A value as heavy as a bin has one to itself.
    if (filled < perBin && weights[at + 1]! < perBin) continue;
    cuts.push(midpoint(distinct[at]!, distinct[at + 1]!));
    filled = 0;
  }
  return Float64Array.from(cuts);
}

/** Below `high` even where no number lies between the two. */
function midpoint(low: number, high: number): number {
  const middle = low + (high - low) / 2;
  return middle < high ? middle : low;
}

function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
