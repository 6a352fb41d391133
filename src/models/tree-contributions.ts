/**
 * What each column of a row adds to its log odds: exact Shapley values of the sum of trees, where a column that is not
 * known goes both ways, weighted by the training rows of each (Lundberg, Erion, Lee, "Consistent individualized feature
 * attribution for tree ensembles", 2018, algorithm 2). The base and all contributions add up to the log odds.
 */
import type { Trees } from './trees.ts';

/**
 * The unique columns on the way to each node of the walk: a level of the tree has a row of its own in each array, which its
 * children copy. So a walk leaves nothing behind for the collector.
 */
interface Paths {
  readonly stride: number;
  readonly columns: Int32Array;
  /** Share of rows that go this way when the column is not known. */
  readonly zeros: Float64Array;
  /** 1 where the row itself goes this way. */
  readonly ones: Float64Array;
  /** Weight of the subsets of each size. */
  readonly weights: Float64Array;
}

const PATHS = new WeakMap<Trees, Paths>();

function pathsOf(trees: Trees): Paths {
  const known = PATHS.get(trees);
  if (known !== undefined) return known;
  const { column, left, right, roots } = trees;
  const depth = (node: number): number =>
    column[node]! < 0 ? 1 : 1 + Math.max(depth(left[node]!), depth(right[node]!));
  // In front of the columns stands one that is none.
  const stride = 1 + roots.reduce((most, root) => Math.max(most, depth(root)), 0);
  const room = stride * stride;
  const paths: Paths = {
    stride,
    columns: new Int32Array(room),
    zeros: new Float64Array(room),
    ones: new Float64Array(room),
    weights: new Float64Array(room),
  };
  PATHS.set(trees, paths);
  return paths;
}

/** Adds to `sums`, a number a column, the contributions of a row, which begins at `offset` of `values`. */
export function addTreeContributions(trees: Trees, values: Float64Array, offset: number, sums: Float64Array): void {
  const { column, threshold, left, right, value, cover } = trees;
  const paths = pathsOf(trees);
  const { stride, columns, zeros, ones } = paths;
  const visit = (node: number, level: number, before: number, zero: number, one: number, from: number): void => {
    const start = level * stride;
    if (level > 0) copyDown(paths, start, before);
    extend(paths, start, before, zero, one, from);
    let size = before + 1;
    const asked = column[node]!;
    if (asked < 0) {
      for (let at = 1; at < size; at++) {
        const place = start + at;
        sums[columns[place]!]! += unwoundSum(paths, start, size, at) * (ones[place]! - zeros[place]!) * value[node]!;
      }
      return;
    }
    const goesLeft = values[offset + asked]! <= threshold[node]!;
    const hot = goesLeft ? left[node]! : right[node]!;
    const cold = goesLeft ? right[node]! : left[node]!;
    let known = 1;
    while (known < size && columns[start + known] !== asked) known += 1;
    let [zeroSoFar, oneSoFar] = [1, 1];
    if (known < size) {
      zeroSoFar = zeros[start + known]!;
      oneSoFar = ones[start + known]!;
      unwind(paths, start, size, known);
      size -= 1;
    }
    visit(hot, level + 1, size, (zeroSoFar * cover[hot]!) / cover[node]!, oneSoFar, asked);
    visit(cold, level + 1, size, (zeroSoFar * cover[cold]!) / cover[node]!, 0, asked);
  };
  for (let tree = 0; tree < trees.roots.length; tree++) visit(trees.roots[tree]!, 0, 0, 1, 1, -1);
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

/** The path of the level before, of so many columns. */
function copyDown({ stride, columns, zeros, ones, weights }: Paths, start: number, size: number): void {
  for (let to = start; to < start + size; to++) {
    columns[to] = columns[to - stride]!;
    zeros[to] = zeros[to - stride]!;
    ones[to] = ones[to - stride]!;
    weights[to] = weights[to - stride]!;
  }
}

function extend(paths: Paths, start: number, size: number, zero: number, one: number, column: number): void {
  const { columns, zeros, ones, weights } = paths;
  columns[start + size] = column;
  zeros[start + size] = zero;
  ones[start + size] = one;
  weights[start + size] = size === 0 ? 1 : 0;
  for (let at = size - 1; at >= 0; at--) {
    const weight = weights[start + at]!;
    weights[start + at + 1]! += (one * weight * (at + 1)) / (size + 1);
    weights[start + at] = (zero * weight * (size - at)) / (size + 1);
  }
}

/** Takes a column out of the path. */
function unwind({ columns, zeros, ones, weights }: Paths, start: number, size: number, gone: number): void {
  const [zero, one, last] = [zeros[start + gone]!, ones[start + gone]!, size - 1];
  let next = weights[start + last]!;
  for (let at = last - 1; at >= 0; at--) {
    const kept = weights[start + at]!;
    const weight = one === 0 ? (kept * size) / (zero * (last - at)) : (next * size) / ((at + 1) * one);
    weights[start + at] = weight;
    next = kept - (weight * zero * (last - at)) / size;
  }
  for (let at = start + gone; at < start + last; at++) {
    columns[at] = columns[at + 1]!;
    zeros[at] = zeros[at + 1]!;
    ones[at] = ones[at + 1]!;
  }
}

/** The weights that the path would have without a column, added up. */
function unwoundSum({ zeros, ones, weights }: Paths, start: number, size: number, gone: number): number {
  const [zero, one, last] = [zeros[start + gone]!, ones[start + gone]!, size - 1];
  let next = weights[start + last]!;
  let sum = 0;
  for (let at = last - 1; at >= 0; at--) {
    const kept = weights[start + at]!;
    const weight = one === 0 ? (kept * size) / (zero * (last - at)) : (next * size) / ((at + 1) * one);
    sum += weight;
    next = kept - (weight * zero * (last - at)) / size;
  }
  return sum;
}
