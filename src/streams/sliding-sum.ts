/**
 * The aggregates of a window that slides over a key's slices, at a cost that does not grow with the window: two stacks, as a queue
 * of two stacks has them (K. Tangwongsan, M. Hirzel, S. Schneider and K.-L. Wu, General incremental sliding-window aggregation,
 * PVLDB 8, 2015). The front has, of each of its slices, the sum from that slice to the end of the front; the back has one sum.
 * When a slice of the back has to leave, what is left of the back becomes the front. So a slice is merged twice, whatever the
 * window's length.
 *
 * Only of aggregates that are numbers, whose sums do not depend on how they were merged.
 */
import { closeGroup, type Groups, openForGroup } from './groups.ts';
import type { Key } from './key-column.ts';
import { NONE } from './key-index.ts';
import { mergeGroup } from './merge-groups.ts';

/** The times at which a key has events, in order, in columns, so that a window is found without an object a slice. */
export interface KeySlices {
  readonly key: Key;
  readonly timesMs: number[];
  readonly groups: number[];
  readonly sum: SlidingSum;
}

/** Places of a key's slices: the front is from `from` to before `middle`, the back from there to before `to`. */
interface SlidingSum {
  from: number;
  middle: number;
  to: number;
  /** Of the front, that of its first slice last. */
  readonly front: number[];
  /** NONE while the back has no slices. */
  back: number;
}

export function createSlidingSum(): SlidingSum {
  return { from: 0, middle: 0, to: 0, front: [], back: NONE };
}

/** Adds the slices from `startMs` to `endMs`, both included, to a group. Neither may be before that of the last call. */
export function addWindow(groups: Groups, own: KeySlices, startMs: number, endMs: number, into: number): void {
  const { timesMs, sum } = own;
  const { front } = sum;
  for (; sum.to < timesMs.length && timesMs[sum.to]! <= endMs; sum.to++) addToBack(groups, own, own.groups[sum.to]!);
  for (; sum.from < sum.middle && timesMs[sum.from]! < startMs; sum.from++) closeGroup(groups, front.pop()!);
  if (sum.from === sum.middle && sum.from < sum.to && timesMs[sum.from]! < startMs) {
    while (sum.from < sum.to && timesMs[sum.from]! < startMs) sum.from += 1;
    turnOver(groups, own);
  }
  if (sum.from < sum.middle) mergeGroup(groups, into, front.at(-1)!);
  if (sum.back !== NONE) mergeGroup(groups, into, sum.back);
}

function addToBack(groups: Groups, { sum }: KeySlices, group: number): void {
  if (sum.back === NONE) sum.back = openForGroup(groups, group);
  mergeGroup(groups, sum.back, group);
}

/** Makes what is left of the back the front. */
function turnOver(groups: Groups, { groups: slices, sum }: KeySlices): void {
  closeGroup(groups, sum.back);
  sum.back = NONE;
  let behind = NONE;
  for (let place = sum.to - 1; place >= sum.from; place--) {
    const group = openForGroup(groups, slices[place]!);
    mergeGroup(groups, group, slices[place]!);
    if (behind !== NONE) mergeGroup(groups, group, behind);
    sum.front.push(group);
    behind = group;
  }
  sum.middle = sum.to;
}

/** A slice came at a place, or events came into the one that is there. */
export function changeSlice(groups: Groups, { sum }: KeySlices, place: number): void {
  // What the window has not come to is no news to it.
  if (place < sum.to) forgetSums(groups, sum);
}

/** The slice at a place is going to leave its key. */
export function leaveSlice(groups: Groups, { sum }: KeySlices, place: number): void {
  if (place >= sum.to) return;
  if (place === sum.from && sum.from < sum.middle) closeGroup(groups, sum.front.pop()!);
  else if (place >= sum.from) forgetSums(groups, sum);
  // In either case one slice fewer lies before all others.
  if (place < sum.from) sum.from -= 1;
  sum.middle = Math.max(sum.middle - 1, 0);
  sum.to = Math.max(sum.to - 1, 0);
}

/** The next window begins anew, from the first slice on. */
export function forgetSums(groups: Groups, sum: SlidingSum): void {
  for (const group of sum.front) closeGroup(groups, group);
  sum.front.length = 0;
  if (sum.back !== NONE) closeGroup(groups, sum.back);
  sum.back = NONE;
  sum.from = 0;
  sum.middle = 0;
  sum.to = 0;
}

/** The first place that is not before this time. */
export function placeOf(timesMs: readonly number[], timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
