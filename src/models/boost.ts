/**
 * Gradient-boosted trees for two classes, by histograms.
 *
 * Second-order boosting of the logistic loss with L2 on the leaves (Chen and Guestrin, XGBoost, KDD 2016, equations 5 to
 * 7), histograms of binned columns with the sibling by subtraction (Ke et al., LightGBM, NIPS 2017). Trees grow level by
 * level. The same table, options and seed give the same trees to the bit: sums run in the order of rows.
 */
import { binColumns } from './bins.ts';
import { type GrownNodes, type TreeLimits, treeGrower } from './grow-tree.ts';
import { createRandom } from './random.ts';
import type { LabelledTable } from './table.ts';
import type { Trees } from './trees.ts';

export interface BoostOptions extends TreeLimits {
  readonly trees: number;
  /** Weight of a row of class 1; rows of class 0 weigh 1. */
  readonly positiveWeight: number;
  /** Bins a column, from 2 to 256. */
  readonly bins: number;
  readonly seed: number;
}

export function boostTrees(table: LabelledTable, options: BoostOptions): Trees {
  const { rows, labels } = table;
  const { positiveWeight } = options;
  const bins = binColumns(table, options.bins);
  const random = createRandom();
  random.seed(options.seed, 0, 0);
  const base = baseLogOdds(labels, positiveWeight);
  const odds = new Float64Array(rows).fill(base);
  const gradients = new Float64Array(rows);
  const hessians = new Float64Array(rows);
  const nodes: GrownNodes = { column: [], bin: [], left: [], right: [], value: [], cover: [] };
  const grower = treeGrower(bins, rows, options, nodes, random);
  const roots: number[] = [];
  for (let tree = 0; tree < options.trees; tree++) {
    for (let row = 0; row < rows; row++) {
      const chance = 1 / (1 + Math.exp(-odds[row]!));
      const weight = labels[row] === 1 ? positiveWeight : 1;
      gradients[row] = weight * (chance - labels[row]!);
      hessians[row] = weight * chance * (1 - chance);
    }
    const root = grower.grow(gradients, hessians);
    roots.push(root);
    addTree(nodes, root, bins.numbers, odds);
  }
  return {
    base,
    roots: Int32Array.from(roots),
    column: Int16Array.from(nodes.column),
    threshold: Float64Array.from(nodes.column, (column, node) =>
      column < 0 ? 0 : (bins.edges[column]![nodes.bin[node]!] ?? 0),
    ),
    left: Int32Array.from(nodes.left),
    right: Int32Array.from(nodes.right),
    value: Float64Array.from(nodes.value),
    cover: Float64Array.from(nodes.cover),
  };
}

function baseLogOdds(labels: Uint8Array, positiveWeight: number): number {
  let positives = 0;
  for (const label of labels) positives += label;
  return Math.log((positives * positiveWeight) / (labels.length - positives));
}

function addTree(nodes: GrownNodes, root: number, numbers: Uint8Array, odds: Float64Array): void {
  const rows = odds.length;
  const column = Int32Array.from(nodes.column);
  const { bin, left, right, value } = nodes;
  for (let row = 0; row < rows; row++) {
    let node = root;
    for (let asked = column[node]!; asked >= 0; asked = column[node]!) {
      node = numbers[asked * rows + row]! <= bin[node]! ? left[node]! : right[node]!;
    }
    odds[row]! += value[node]!;
  }
}
