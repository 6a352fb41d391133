/**
 * Scores rows by trees without a walk through them: QuickScorer (Lucchese and others, SIGIR 2015). Each column's thresholds
 * stand in order. Each that the row is beyond takes leaves out of the tree of its node, a bit a leaf; the first leaf that is left
 * over is the row's. A walk waits at every node for a branch that can't be foreseen; these loops run through.
 *
 * A node may have its children the other way round. So each one stands in such a way that few rows are beyond its threshold: in
 * the rising list of its column when few are above, and else in the falling one.
 */
import { logOddsOf, type Trees } from './trees.ts';

/** Bits of a number, and so leaves of a tree. */
const LEAVES_MAX = 32;

/** Log odds of the row that begins at `offset`, to the bit those of `logOddsOf`. */
export function quickScorer(trees: Trees): (values: Float64Array, offset: number) => number {
  const plan = planOf(trees);
  if (plan === null) return (values, offset) => logOddsOf(trees, values, offset);
  const { rising, falling, leaves } = plan;
  const { base } = trees;
  const left = new Int32Array(trees.roots.length);
  const above = maskAbove(rising, left);
  const below = maskBelow(falling, left);
  return (values, offset) => {
    left.fill(-1);
    above(values, offset);
    below(values, offset);
    let sum = base;
    for (let tree = 0; tree < left.length; tree++) {
      const bits = left[tree]!;
      sum += leaves[tree * LEAVES_MAX + 31 - Math.clz32(bits & -bits)]!;
    }
    return sum;
  };
}

/** For each column the nodes whose threshold the row is above. */
function maskAbove({ columns, ends, thresholds, treeOf, masks }: NodeList, left: Int32Array) {
  return (values: Float64Array, offset: number): void => {
    for (let at = 0, place = 0; at < columns.length; at++) {
      const value = values[offset + columns[at]!]!;
      const end = ends[at]!;
      for (let each = place; each < end && value > thresholds[each]!; each++) left[treeOf[each]!]! &= masks[each]!;
      place = end;
    }
  };
}

/** For each column the nodes whose threshold the row is not above. */
function maskBelow({ columns, ends, thresholds, treeOf, masks }: NodeList, left: Int32Array) {
  return (values: Float64Array, offset: number): void => {
    for (let at = 0, place = 0; at < columns.length; at++) {
      const value = values[offset + columns[at]!]!;
      const end = ends[at]!;
      for (let each = place; each < end && !(value > thresholds[each]!); each++) left[treeOf[each]!]! &= masks[each]!;
      place = end;
    }
  };
}

interface Plan {
  /** Nodes that a row above the threshold takes leaves by, by rising threshold. */
  readonly rising: NodeList;
  /** Nodes that a row not above the threshold takes leaves by, by falling threshold. */
  readonly falling: NodeList;
  /** What each leaf adds, in the order of the bits, LEAVES_MAX a tree. */
  readonly leaves: Float64Array;
}

/** Column by column. */
interface NodeList {
  /** Those that some node asks about. */
  readonly columns: Int32Array;
  /** Where the thresholds of each column end. */
  readonly ends: Int32Array;
  readonly thresholds: Float64Array;
  readonly treeOf: Int32Array;
  /** A bit a leaf of the tree: 0 for those that are out. */
  readonly masks: Int32Array;
}

interface Node {
  readonly column: number;
  readonly threshold: number;
  readonly tree: number;
  readonly mask: number;
}

/** Null when a tree has more leaves than a number has bits. */
function planOf({ roots, column, threshold, left, right, value, cover }: Trees): Plan | null {
  const rising: Node[] = [];
  const falling: Node[] = [];
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
      const areFewAbove = cover[right[node]!]! <= cover[left[node]!]!;
      const first = count;
      visit(areFewAbove ? left[node]! : right[node]!);
      let mask = -1;
      for (let leaf = first; leaf < count; leaf++) mask &= ~(1 << leaf);
      (areFewAbove ? rising : falling).push({ column: column[node]!, threshold: threshold[node]!, tree, mask });
      visit(areFewAbove ? right[node]! : left[node]!);
    };
    visit(root);
  }
  if (isTooLarge) return null;
  return {
    rising: listOf(rising.sort((a, b) => a.column - b.column || a.threshold - b.threshold)),
    falling: listOf(falling.sort((a, b) => a.column - b.column || b.threshold - a.threshold)),
    leaves,
  };
}

function listOf(nodes: readonly Node[]): NodeList {
  const columns = [...new Set(nodes.map((node) => node.column))];
  return {
    columns: Int32Array.from(columns),
    ends: Int32Array.from(columns, (own) => nodes.findLastIndex((node) => node.column === own) + 1),
    thresholds: Float64Array.from(nodes, (node) => node.threshold),
    treeOf: Int32Array.from(nodes, ({ tree }) => tree),
    masks: Int32Array.from(nodes, ({ mask }) => mask),
  };
}
