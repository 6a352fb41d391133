/**
 * Finds groups by their key: a hash table of hashes and group numbers, with open addressing and linear probing (Knuth, TAOCP
 * 3, 6.4). Keys stay with their groups, so a lookup reads one place here and one there: two cache misses at most.
 */
import { type Groups, hashOfGroup, isKeyOfGroup, isKeyOfRow } from './groups.ts';

export interface KeyIndex {
  size: number;
  /** The number of places minus 1. It is a power of 2; at least half of the places are free. */
  mask: number;
  /** Two numbers a place: the hash, and the group's number plus 1, or 0 when free. */
  places: Int32Array;
}

export const NONE = -1;
const INITIAL_PLACES = 16;

export function createKeyIndex(): KeyIndex {
  return { size: 0, mask: INITIAL_PLACES - 1, places: new Int32Array(2 * INITIAL_PLACES) };
}

/** The group with the key of an event; NONE when there is none. */
export function findByRow({ places, mask }: KeyIndex, groups: Groups, row: number): number {
  const hash = groups.hashes[row]!;
  for (let place = hash & mask; ; place = (place + 1) & mask) {
    const group = places[2 * place + 1]! - 1;
    if (group === NONE) return NONE;
    if (places[2 * place] === hash && isKeyOfRow(groups, group, row)) return group;
  }
}

/** The group with the key of another group; NONE when there is none. */
export function findByGroup({ places, mask }: KeyIndex, groups: Groups, other: number): number {
  const hash = hashOfGroup(groups, other);
  for (let place = hash & mask; ; place = (place + 1) & mask) {
    const group = places[2 * place + 1]! - 1;
    if (group === NONE) return NONE;
    if (places[2 * place] === hash && isKeyOfGroup(groups, group, other)) return group;
  }
}

/** Adds a group whose key has none yet. */
export function addGroup(index: KeyIndex, groups: Groups, group: number): void {
  if (2 * ++index.size > index.mask) grow(index);
  put(index, hashOfGroup(groups, group), group);
}

/** Replaces a group by another one of the same key. */
export function replaceGroup(index: KeyIndex, groups: Groups, group: number, by: number): void {
  index.places[2 * placeOf(index, groups, group) + 1] = by + 1;
}

export function removeGroup(index: KeyIndex, groups: Groups, group: number): void {
  const { places, mask } = index;
  let free = placeOf(index, groups, group);
  // Groups behind the free place that a lookup would no longer find move up.
  for (let place = (free + 1) & mask; places[2 * place + 1] !== 0; place = (place + 1) & mask) {
    const home = places[2 * place]! & mask;
    if (((place - home) & mask) < ((place - free) & mask)) continue;
    places[2 * free] = places[2 * place]!;
    places[2 * free + 1] = places[2 * place + 1]!;
    free = place;
  }
  places[2 * free + 1] = 0;
  index.size -= 1;
}

export function clearIndex(index: KeyIndex): void {
  index.places.fill(0);
  index.size = 0;
}

/** All groups, in no particular order. */
export function groupsOf({ places, size }: KeyIndex): Int32Array {
  const groups = new Int32Array(size);
  for (let place = 1, i = 0; i < size; place += 2) if (places[place] !== 0) groups[i++] = places[place]! - 1;
  return groups;
}

/**
 * Reads ahead the places that the lookups of some rows are going to read, so that a cache has them by then. These reads do
 * not wait for each other; reads with an event's whole work between them do.
 */
export function touchGroups({ places, mask }: KeyIndex, groups: Groups, fromRow: number, toRow: number): void {
  const { hashes, rows, stride } = groups;
  let sum = 0;
  for (let row = fromRow; row < toRow; row++) {
    const group = places[2 * (hashes[row]! & mask) + 1]!;
    if (group !== 0) sum += rows[(group - 1) * stride]! + rows[group * stride - 1]!;
  }
  groups.touched = sum;
}

function placeOf({ places, mask }: KeyIndex, groups: Groups, group: number): number {
  let place = hashOfGroup(groups, group) & mask;
  while (places[2 * place + 1] !== group + 1) place = (place + 1) & mask;
  return place;
}

function grow(index: KeyIndex): void {
  const { places } = index;
  index.mask = 2 * index.mask + 1;
  index.places = new Int32Array(2 * (index.mask + 1));
  for (let place = 0; place < places.length; place += 2) {
    if (places[place + 1] !== 0) put(index, places[place]!, places[place + 1]! - 1);
  }
}

function put({ places, mask }: KeyIndex, hash: number, group: number): void {
  let place = hash & mask;
  while (places[2 * place + 1] !== 0) place = (place + 1) & mask;
  places[2 * place] = hash;
  places[2 * place + 1] = group + 1;
}
