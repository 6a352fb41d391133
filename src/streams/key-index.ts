/**
 * Groups by their key: a hash table with open addressing and linear probing (Knuth, TAOCP 3, 6.4), of hashes and numbers
 * of groups. It holds no key, those are with their groups: what a lookup reads is one place here and one there, which is
 * what it costs when neither is in a cache.
 */
import { type Groups, hashOfGroup, isKeyOfGroup, isKeyOfRow } from './groups.ts';

export interface KeyIndex {
  size: number;
  /** Places less 1: a power of 2 less 1. At least every other one is free. */
  mask: number;
  /** Two a place: the hash, and the number of the group plus 1; 0 where it is free. */
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

/** The group with the key of another one; NONE when there is none. */
export function findByGroup({ places, mask }: KeyIndex, groups: Groups, other: number): number {
  const hash = hashOfGroup(groups, other);
  for (let place = hash & mask; ; place = (place + 1) & mask) {
    const group = places[2 * place + 1]! - 1;
    if (group === NONE) return NONE;
    if (places[2 * place] === hash && isKeyOfGroup(groups, group, other)) return group;
  }
}

/** Of a key that has none yet. */
export function addGroup(index: KeyIndex, groups: Groups, group: number): void {
  if (2 * ++index.size > index.mask) grow(index);
  put(index, hashOfGroup(groups, group), group);
}

/** Another group takes the place of one of the same key. */
export function replaceGroup(index: KeyIndex, groups: Groups, group: number, by: number): void {
  index.places[2 * placeOf(index, groups, group) + 1] = by + 1;
}

export function removeGroup(index: KeyIndex, groups: Groups, group: number): void {
  const { places, mask } = index;
  let free = placeOf(index, groups, group);
  // Those behind it that would not be found across a free place move up.
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

/** In no order that means anything. */
export function groupsOf({ places, size }: KeyIndex): Int32Array {
  const groups = new Int32Array(size);
  for (let place = 1, i = 0; i < size; place += 2) if (places[place] !== 0) groups[i++] = places[place]! - 1;
  return groups;
}

/**
 * Reads what lookups of all keys at hand are going to read, so that they find it in a cache: here the reads do not wait
 * for each other, as they do when there is an event's whole work between two of them.
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
