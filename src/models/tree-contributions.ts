/**
 * What each column of a row adds to its log odds: exact Shapley values of the sum of trees, where a column that is not
 * known goes both ways, weighted by the training rows of each (Lundberg, Erion, Lee, "Consistent individualized feature
 * attribution for tree ensembles", 2018, algorithm 2). The base and all contributions add up to the log odds.
 */
import type { Trees } from './trees.ts';

/** The unique columns on the way to a node. */
interface Path {
  readonly columns: number[];
  /** Share of rows that go this way when the column is not known. */
  readonly zeros: number[];
  /** 1 where the row itself goes this way. */
  readonly ones: number[];
  /** Weight of the subsets of each size. */
  readonly weights: number[];
}

/** Adds to `sums`, a number a column, the contributions of a row, which begins at `offset` of `values`. */
export function addTreeContributions(trees: Trees, values: Float64Array, offset: number, sums: Float64Array): void {
  const { column, threshold, left, right, value, cover } = trees;
  const visit = (node: number, before: Path, zero: number, one: number, from: number): void => {
    const path = extended(before, zero, one, from);
    const asked = column[node]!;
    if (asked < 0) {
      for (let at = 1; at < path.columns.length; at++) {
        const weight = unwoundSum(path, at);
        sums[path.columns[at]!]! += weight * (path.ones[at]! - path.zeros[at]!) * value[node]!;
      }
      return;
    }
    const goesLeft = values[offset + asked]! <= threshold[node]!;
    const hot = goesLeft ? left[node]! : right[node]!;
    const cold = goesLeft ? right[node]! : left[node]!;
    const known = path.columns.indexOf(asked, 1);
    const [zeroSoFar, oneSoFar] = known < 0 ? [1, 1] : [path.zeros[known]!, path.ones[known]!];
    const rest = known < 0 ? path : unwound(path, known);
    visit(hot, rest, (zeroSoFar * cover[hot]!) / cover[node]!, oneSoFar, asked);
    visit(cold, rest, (zeroSoFar * cover[cold]!) / cover[node]!, 0, asked);
  };
  for (const root of trees.roots) visit(root, { columns: [], zeros: [], ones: [], weights: [] }, 1, 1, -1);
}

/** The mean log odds of the trees: what is left of a row of which nothing is known. */
export function expectedLogOdds(trees: Trees): number {
  const { column, left, right, value, cover } = trees;
  const mean = (node: number): number => {
    if (column[node]! < 0) return value[node]!;
    const [to, or] = [left[node]!, right[node]!];
    return (mean(to) * cover[to]! + mean(or) * cover[or]!) / cover[node]!;
  };
  return trees.roots.reduce((sum, root) => sum + mean(root), trees.base);
}

function extended({ columns, zeros, ones, weights }: Path, zero: number, one: number, column: number): Path {
  const size = columns.length;
  const grown = [...weights, size === 0 ? 1 : 0];
  for (let at = size - 1; at >= 0; at--) {
    grown[at + 1]! += (one * grown[at]! * (at + 1)) / (size + 1);
    grown[at] = (zero * grown[at]! * (size - at)) / (size + 1);
  }
  return { columns: [...columns, column], zeros: [...zeros, zero], ones: [...ones, one], weights: grown };
}

/** The path without one of its columns. */
function unwound({ columns, zeros, ones, weights }: Path, gone: number): Path {
  const without = (list: readonly number[]): number[] => list.filter((_, at) => at !== gone);
  return {
    columns: without(columns),
    zeros: without(zeros),
    ones: without(ones),
    weights: unwoundWeights(weights, zeros[gone]!, ones[gone]!),
  };
}

function unwoundWeights(weights: readonly number[], zero: number, one: number): number[] {
  const last = weights.length - 1;
  const shrunk = weights.slice(0, last);
  let next = weights[last]!;
  for (let at = last - 1; at >= 0; at--) {
    if (one === 0) shrunk[at] = (weights[at]! * (last + 1)) / (zero * (last - at));
    else {
      const kept = weights[at]!;
      shrunk[at] = (next * (last + 1)) / ((at + 1) * one);
      next = kept - (shrunk[at]! * zero * (last - at)) / (last + 1);
    }
  }
  return shrunk;
}

function unwoundSum({ weights, zeros, ones }: Path, at: number): number {
  return unwoundWeights(weights, zeros[at]!, ones[at]!).reduce((sum, weight) => sum + weight, 0);
}
