/** A pane: the groups of a slice or window, by their keys and in the order in which they were opened. */
import { closeGroup, type Groups, isKeyOfGroup, isKeyOfRow, openForGroup, openForRow } from './groups.ts';
import { addGroup, clearIndex, createKeyIndex, findByGroup, findByRow, type KeyIndex, NONE } from './key-index.ts';

const MOST_SPARE = 2;
const SMALL_MASK = 64;
/** So few groups are looked through one by one. */
const FEW_GROUPS = 4;

export interface Pane {
  start: number;
  /** Null while it has few groups: a minute of all events has one, and its index cost more than its events. */
  index: KeyIndex | null;
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
  const known = pane.index === null ? fewByRow(pane.members, groups, row) : findByRow(pane.index, groups, row);
  return known === NONE ? addTo(pane, groups, openForRow(groups, row)) : known;
}

/** The group of another group's key. */
export function sameGroup(groups: Groups, pane: Pane, other: number): number {
  const known = knownGroup(groups, pane, other);
  return known === NONE ? addTo(pane, groups, openForGroup(groups, other)) : known;
}

/** The group of another group's key; NONE when there is none. */
export function knownGroup(groups: Groups, { index, members }: Pane, other: number): number {
  if (index !== null) return findByGroup(index, groups, other);
  for (const group of members) if (isKeyOfGroup(groups, group, other)) return group;
  return NONE;
}

function fewByRow(members: readonly number[], groups: Groups, row: number): number {
  for (let i = 0; i < members.length; i++) if (isKeyOfRow(groups, members[i]!, row)) return members[i]!;
  return NONE;
}

export function addTo(pane: Pane, groups: Groups, group: number): number {
  const { members } = pane;
  members.push(group);
  if (pane.index !== null) addGroup(pane.index, groups, group);
  else if (members.length > FEW_GROUPS) {
    pane.index = createKeyIndex();
    for (const each of members) addGroup(pane.index, groups, each);
  }
  return group;
}

/** Opens a pane in the memory of a `spare` one: an index that grows anew in each window costs more than its lookups. */
export function openPane(spare: Pane[], start: number): Pane {
  const pane = spare.pop() ?? { start, index: null, members: [] };
  pane.start = start;
  return pane;
}

export function closePane(groups: Groups, pane: Pane, spare: Pane[]): void {
  // Backwards, so that the next pane takes them in the order in which they lie.
  for (let i = pane.members.length - 1; i >= 0; i--) closeGroup(groups, pane.members[i]!);
  const { index, members } = pane;
  if (index === null || spare.length === MOST_SPARE) return;
  // A large index that is nearly empty costs more to clear than a new one does to make.
  const isFull = 8 * members.length > index.mask || index.mask < SMALL_MASK;
  if (!isFull) return;
  clearIndex(index);
  members.length = 0;
  spare.push(pane);
}
