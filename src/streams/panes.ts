/** A pane: the groups of a slice or window, by their keys and in the order in which they were opened. */
import { closeGroup, type Groups, openForGroup, openForRow } from './groups.ts';
import { addGroup, clearIndex, createKeyIndex, findByGroup, findByRow, type KeyIndex, NONE } from './key-index.ts';

const MOST_SPARE = 2;
const SMALL_MASK = 64;

export interface Pane {
  start: number;
  readonly index: KeyIndex;
  /** In the order in which they were opened. */
  readonly members: number[];
}

/** The first place whose pane does not start before `start`. */
export function placeOf(panes: readonly Pane[], start: number): number {
  let low = 0;
  let high = panes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (panes[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The group of an event's key. */
export function groupOf(groups: Groups, pane: Pane, row: number): number {
  const known = findByRow(pane.index, groups, row);
  return known === NONE ? addTo(pane, groups, openForRow(groups, row)) : known;
}

/** The group of another group's key. */
export function sameGroup(groups: Groups, pane: Pane, other: number): number {
  const known = findByGroup(pane.index, groups, other);
  return known === NONE ? addTo(pane, groups, openForGroup(groups, other)) : known;
}

export function addTo({ index, members }: Pane, groups: Groups, group: number): number {
  addGroup(index, groups, group);
  members.push(group);
  return group;
}

/** Opens a pane in the memory of a `spare` one: an index that grows anew in each window costs more than its lookups. */
export function openPane(spare: Pane[], start: number): Pane {
  const pane = spare.pop() ?? { start, index: createKeyIndex(), members: [] };
  pane.start = start;
  return pane;
}

export function closePane(groups: Groups, pane: Pane, spare: Pane[]): void {
  // Backwards, so that the next pane takes them in the order in which they lie.
  for (let i = pane.members.length - 1; i >= 0; i--) closeGroup(groups, pane.members[i]!);
  // A large index that is nearly empty costs more to clear than a new one does to make.
  const isFull = 8 * pane.members.length > pane.index.mask || pane.index.mask < SMALL_MASK;
  if (!isFull || spare.length === MOST_SPARE) return;
  clearIndex(pane.index);
  pane.members.length = 0;
  spare.push(pane);
}
