/** One regression tree over binned columns: level by level, by histograms of gradients. */
import type { Bins } from './bins.ts';
import type { Random } from './random.ts';

export interface TreeLimits {
  readonly depth: number;
  /** L2 on the values of the leaves. */
  readonly l2: number;
  /** Least sum of second derivatives in a leaf. */
  readonly minHessian: number;
  /** Least gain for which a node is split. */
  readonly minGain: number;
  /** Share of the rows that a tree sees. */
  readonly rowShare: number;
  /** Share of the columns that a tree may ask about. */
  readonly columnShare: number;
  /** Shrinkage: the share of each leaf's value that is added. */
  readonly rate: number;
}

/** Nodes of all trees as they are made. */
export interface GrownNodes {
  readonly column: number[];
  /** A row goes left when its bin is at most this. */
  readonly bin: number[];
  readonly left: number[];
  readonly right: number[];
  readonly value: number[];
  /** Rows that came through. */
  readonly cover: number[];
}

/** Per bin: sum of gradients, sum of second derivatives. */
const FIELDS = 2;
const BINS = 256;

/** A node whose rows are `order[start]` to `order[end - 1]`. */
interface OpenNode {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly gradient: number;
  readonly hessian: number;
  readonly histogram: Float64Array;
}

interface Split {
  readonly column: number;
  readonly bin: number;
  readonly gradient: number;
  readonly hessian: number;
}

export interface TreeGrower {
  /** The root of the new tree. */
  grow(gradients: Float64Array, hessians: Float64Array): number;
}

export function treeGrower(
  { numbers, edges }: Bins,
  rows: number,
  limits: TreeLimits,
  nodes: GrownNodes,
  random: Random,
): TreeGrower {
  const width = edges.length;
  const order = new Int32Array(rows);
  const aside = new Int32Array(rows);
  let columns: readonly number[] = [];

  function histogramOf(start: number, end: number, gradients: Float64Array, hessians: Float64Array): Float64Array {
    const histogram = new Float64Array(width * BINS * FIELDS);
    for (const column of columns) {
      const from = column * rows;
      const to = column * BINS * FIELDS;
      for (let at = start; at < end; at++) {
        const row = order[at]!;
        const cell = to + numbers[from + row]! * FIELDS;
        histogram[cell]! += gradients[row]!;
        histogram[cell + 1]! += hessians[row]!;
      }
    }
    return histogram;
  }

  function bestSplit({ histogram, gradient, hessian }: OpenNode): Split | null {
    const { l2, minHessian, minGain } = limits;
    const whole = (gradient * gradient) / (hessian + l2);
    let best: Split | null = null;
    let bestGain = minGain;
    for (const column of columns) {
      let leftGradient = 0;
      let leftHessian = 0;
      const cells = column * BINS * FIELDS;
      for (let bin = 0; bin < edges[column]!.length; bin++) {
        leftGradient += histogram[cells + bin * FIELDS]!;
        leftHessian += histogram[cells + bin * FIELDS + 1]!;
        const rightHessian = hessian - leftHessian;
        if (leftHessian < minHessian) continue;
        if (rightHessian < minHessian) break;
        const rightGradient = gradient - leftGradient;
        const gain =
          (leftGradient * leftGradient) / (leftHessian + l2) +
          (rightGradient * rightGradient) / (rightHessian + l2) -
          whole;
        if (gain <= bestGain) continue;
        bestGain = gain;
        best = { column, bin, gradient: leftGradient, hessian: leftHessian };
      }
    }
    return best;
  }

  /** Puts the rows that go left first, each side in its order; where the right side begins. */
  function divide({ start, end }: OpenNode, { column, bin }: Split): number {
    let left = start;
    let right = 0;
    for (let at = start; at < end; at++) {
      const row = order[at]!;
      if (numbers[column * rows + row]! <= bin) order[left++] = row;
      else aside[right++] = row;
    }
    order.set(aside.subarray(0, right), left);
    return left;
  }

  function leaf(gradient: number, hessian: number, cover: number): number {
    nodes.column.push(-1);
    nodes.bin.push(0);
    nodes.left.push(-1);
    nodes.right.push(-1);
    nodes.value.push((-limits.rate * gradient) / (hessian + limits.l2));
    nodes.cover.push(cover);
    return nodes.column.length - 1;
  }

  function drawRows(): number {
    if (limits.rowShare >= 1) {
      for (let row = 0; row < rows; row++) order[row] = row;
      return rows;
    }
    let drawn = 0;
    for (let row = 0; row < rows; row++) if (random.uniform() < limits.rowShare) order[drawn++] = row;
    return drawn;
  }

  function drawColumns(): number[] {
    const all = edges.flatMap((cuts, column) => (cuts.length === 0 ? [] : [column]));
    const wanted = Math.max(1, Math.round(all.length * limits.columnShare));
    while (all.length > wanted) all.splice(random.below(all.length), 1);
    return all;
  }

  return {
    grow(gradients, hessians) {
      columns = drawColumns();
      const drawn = drawRows();
      let gradient = 0;
      let hessian = 0;
      for (let at = 0; at < drawn; at++) {
        gradient += gradients[order[at]!]!;
        hessian += hessians[order[at]!]!;
      }
      const root = leaf(gradient, hessian, drawn);
      let level: OpenNode[] = [
        { node: root, start: 0, end: drawn, gradient, hessian, histogram: histogramOf(0, drawn, gradients, hessians) },
      ];
      for (let depth = 0; depth < limits.depth && level.length > 0; depth++) {
        const isLast = depth + 1 === limits.depth;
        level = level.flatMap((open) => {
          const split = bestSplit(open);
          if (split === null) return [];
          const middle = divide(open, split);
          const left = leaf(split.gradient, split.hessian, middle - open.start);
          const right = leaf(open.gradient - split.gradient, open.hessian - split.hessian, open.end - middle);
          nodes.column[open.node] = split.column;
          nodes.bin[open.node] = split.bin;
          nodes.left[open.node] = left;
          nodes.right[open.node] = right;
          nodes.value[open.node] = 0;
          if (isLast) return [];
          const isLeftSmaller = middle - open.start <= open.end - middle;
          const counted = isLeftSmaller
            ? histogramOf(open.start, middle, gradients, hessians)
            : histogramOf(middle, open.end, gradients, hessians);
          const other = open.histogram;
          for (let cell = 0; cell < other.length; cell++) other[cell]! -= counted[cell]!;
          const [leftHistogram, rightHistogram] = isLeftSmaller ? [counted, other] : [other, counted];
          return [
            {
              node: left,
              start: open.start,
              end: middle,
              gradient: split.gradient,
              hessian: split.hessian,
              histogram: leftHistogram,
            },
            {
              node: right,
              start: middle,
              end: open.end,
              gradient: open.gradient - split.gradient,
              hessian: open.hessian - split.hessian,
              histogram: rightHistogram,
            },
          ];
        });
      }
      return root;
    },
  };
}
