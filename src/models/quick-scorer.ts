/**
 * Scores rows by trees without a walk through them: QuickScorer (Lucchese and others, SIGIR 2015). Each column's thresholds
 * stand in rising order. Each that the row exceeds takes the leaves left of its node out of its tree, a bit a leaf; the first
 * leaf that is left over is the row's. A walk waits at every node for a branch that can't be foreseen; these loops run through.
 */
import { logOddsOf, type Trees } from './trees.ts';

/** Bits of a number, and so leaves of a tree. */
const LEAVES_MAX = 32;

/** Log odds of the row that begins at `offset`, to the bit those of `logOddsOf`. */
export function quickScorer(trees: Trees): (values: Float64Array, offset: number) => number {
  const plan = planOf(trees);
  if (plan === null) return (values, offset) => logOddsOf(trees, values, offset);
  const { columns, ends, thresholds, treeOf, masks, leaves } = plan;
  const { base } = trees;
  const left = new Int32Array(trees.roots.length);
  return (values, offset) => {
    left.fill(-1);
    for (let at = 0, place = 0; at < columns.length; at++) {
      const value = values[offset + columns[at]!]!;
      const end = ends[at]!;
      for (let each = place; each < end && value > thresholds[each]!; each++) left[treeOf[each]!]! &= masks[each]!;
      place = end;
    }
    let sum = base;
    for (let tree = 0; tree < left.length; tree++) {
      const bits = left[tree]!;
      sum += leaves[tree * LEAVES_MAX + 31 - Math.clz32(bits & -bits)]!;
    }
    return sum;
  };
}

interface Plan {
  /** Those that some node asks about. */
  readonly columns: Int32Array;
  /** Where the thresholds of each column end. */
  readonly ends: Int32Array;
  readonly thresholds: Float64Array;
  readonly treeOf: Int32Array;
  /** A bit a leaf of the tree: 0 for those left of the node. */
  readonly masks: Int32Array;
  /** What each leaf adds, from left to right, LEAVES_MAX a tree. */
  readonly leaves: Float64Array;
}

interface Node {
  readonly column: number;
  readonly threshold: number;
  readonly tree: number;
  readonly mask: number;
}

/** Null when a tree has more leaves than a number has bits. */
function planOf({ roots, column, threshold, left, right, value }: Trees): Plan | null {
  const nodes: Node[] = [];
  const leaves = new Float64Array(roots.length * LEAVES_MAX);
  let isTooLarge = false;
  for (const [tree, root] of roots.entries()) {
    let count = 0;
    const visit = (node: number): void => {
      if (column[node]! < 0) {
        if (count === LEAVES_MAX) isTooLarge = true;
        else leaves[tree * LEAVES_MAX + count++] = value[node]!;
        return;
      }
      const first = count;
      visit(left[node]!);
      let mask = -1;
      for (let leaf = first; leaf < count; leaf++) mask &= ~(1 << leaf);
      nodes.push({ column: column[node]!, threshold: threshold[node]!, tree, mask });
      visit(right[node]!);
    };
    visit(root);
  }
  if (isTooLarge) return null;
  nodes.sort((a, b) => a.column - b.column || a.threshold - b.threshold);
  const columns = [...new Set(nodes.map((node) => node.column))];
  return {
    columns: Int32Array.from(columns),
    ends: Int32Array.from(columns, (own) => nodes.findLastIndex((node) => node.column === own) + 1),
    thresholds: Float64Array.from(nodes, (node) => node.threshold),
    treeOf: Int32Array.from(nodes, ({ tree }) => tree),
    masks: Int32Array.from(nodes, ({ mask }) => mask),
    leaves,
  };
}
