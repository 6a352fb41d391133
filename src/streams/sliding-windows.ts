/**
 * Sliding windows, as Kafka Streams defines them (KIP-450): of one length, both ends included. Each event at t has the window
 * [t − size, t], and [t + 1, t + 1 + size] if that has events. So any events of a key that lie within a size of each other
 * share a window, and each window differs from the next by an event.
 *
 * Events of one key and time are one slice; a window merges its slices when it fires. It fires when the watermark reaches
 * its last millisecond, and again for each late event within the allowed lateness. An event is late when the window that
 * ends with it is gone; later windows may still hold it.
 */

import { LONG_MAX } from '../messages/avro.ts';
import { emitGroup, type WindowResults } from './group-results.ts';
import {
  closeGroup,
  eventsOf,
  foldEvent,
  type GroupState,
  type Groups,
  keyOfRow,
  loadGroup,
  openForGroup,
  openForRow,
  saveGroup,
  setRevision,
} from './groups.ts';
import type { Key } from './key-column.ts';
import { type KeySlices, placeOf, removeAt } from './key-slices.ts';
import { mergeGroups } from './merge-groups.ts';
import { addTimer, createTimers, nextDeadlineMs, type Timers, takeTimer } from './timers.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import type { LateArrival, OpenWindows, WindowKind, WindowSpec } from './window-kind.ts';

/** The events of one key and time. */
interface Slice {
  readonly key: Key;
  readonly timeMs: number;
  readonly group: number;
  /** The order in which slices were opened: when two windows end together, the older slice's fires first. */
  readonly order: number;
  /** Results so far of the window that ends with this slice, and of the window that begins behind it. */
  ending: number;
  following: number;
  /** Events in the last result of each. */
  endingEvents: number;
  followingEvents: number;
}

interface SlidingWindows extends OpenWindows {
  readonly sizeMs: number;
  readonly allowedLatenessMs: number;
  readonly byKey: Map<Key, KeySlices>;
  /** Slices by group. */
  readonly slices: (Slice | undefined)[];
  opened: number;
  /** One timer a group, for its next step: its two windows, then its end. */
  readonly timers: Timers;
}

export const slidingWindows: WindowKind<SlidingWindows> = { own: 0, open, add, advance, flush, snapshot, restore };

/** Throws when the windowing is of another kind. */
function open({ window, allowedLatenessMs }: WindowSpec, groups: Groups): SlidingWindows {
  if (window.kind !== 'sliding') throw new Error(`${window.kind} windows do not slide`);
  return {
    groups,
    sizeMs: window.sizeMs,
    allowedLatenessMs,
    byKey: new Map(),
    slices: [],
    opened: 0,
    timers: createTimers(),
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
  };
}

function add(state: SlidingWindows, row: number, timeMs: number, out: WindowResults): LateArrival | null {
  const { sizeMs, allowedLatenessMs, watermarkMs } = state;
  const key = keyOfRow(state.groups, row);
  // The window that ends with the event is lost. The last window that may still hold the event begins with it.
  const isLate = timeMs + allowedLatenessMs <= watermarkMs;
  const late = isLate ? { key, latenessMs: Math.min(watermarkMs - timeMs, LONG_MAX), windows: 1 } : null;
  if (timeMs + sizeMs + allowedLatenessMs <= watermarkMs) return late;
  const own = ofKey(state, key);
  const place = placeOf(own.timesMs, timeMs);
  const isNew = own.timesMs[place] !== timeMs;
  let slice = sliceAt(state, own, place);
  if (slice === undefined || isNew) {
    const group = openForRow(state.groups, row);
    // The window that ends with this slice may be the one that begins behind another slice.
    const same = sliceOfTime(state, own, timeMs - sizeMs - 1);
    slice = insert(state, own, place, {
      key,
      timeMs,
      group,
      ending: same?.following ?? 0,
      endingEvents: same?.followingEvents ?? 0,
      following: 0,
      followingEvents: 0,
    });
  }
  foldEvent(state.groups, slice.group, row, timeMs);
  if (timeMs <= watermarkMs) correct(state, own, slice, isNew, out);
  return late;
}

function sliceOfTime(state: SlidingWindows, own: KeySlices, timeMs: number): Slice | undefined {
  const slice = sliceAt(state, own, placeOf(own.timesMs, timeMs));
  return slice?.timeMs === timeMs ? slice : undefined;
}

function sliceAt({ slices }: SlidingWindows, { groups }: KeySlices, place: number): Slice | undefined {
  return place < groups.length ? slices[groups[place]!] : undefined;
}

function ofKey({ byKey }: SlidingWindows, key: Key): KeySlices {
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const own: KeySlices = { timesMs: [], groups: [] };
  byKey.set(key, own);
  return own;
}

function insert(state: SlidingWindows, own: KeySlices, place: number, made: Omit<Slice, 'order'>): Slice {
  const slice = { ...made, order: state.opened++ };
  own.timesMs.splice(place, 0, slice.timeMs);
  own.groups.splice(place, 0, slice.group);
  state.slices[slice.group] = slice;
  arm(state, slice, state.watermarkMs);
  state.nextDueMs = nextDeadlineMs(state.timers);
  return slice;
}

/** Sets the timer for the next step of a slice. */
function arm(
  { timers, sizeMs, allowedLatenessMs }: SlidingWindows,
  { timeMs, group }: Slice,
  watermarkMs: number,
): void {
  const followingMs = timeMs + 1 + sizeMs;
  if (timeMs > watermarkMs) addTimer(timers, timeMs, group);
  else if (followingMs > watermarkMs) addTimer(timers, followingMs, group);
  else addTimer(timers, followingMs + allowedLatenessMs, group);
}

/** Gives the windows that hold a late event again, and those that it makes, in order of their start. */
function correct(state: SlidingWindows, own: KeySlices, of: Slice, isNew: boolean, out: WindowResults): void {
  const { sizeMs, allowedLatenessMs, watermarkMs } = state;
  const { timeMs } = of;
  const isOpen = (end: number): boolean => end <= watermarkMs && end + allowedLatenessMs > watermarkMs;
  const windows: { slice: Slice; start: number; isEnding: boolean }[] = [];
  for (const group of own.groups) {
    const slice = state.slices[group];
    if (slice === undefined) continue;
    const endingFrom = slice.timeMs - sizeMs;
    if (endingFrom <= timeMs && timeMs <= slice.timeMs && isOpen(slice.timeMs)) {
      windows.push({ slice, start: endingFrom, isEnding: true });
    }
    const followingFrom = slice.timeMs + 1;
    const changed = (isNew && slice === of) || (followingFrom <= timeMs && timeMs <= followingFrom + sizeMs);
    if (changed && isOpen(followingFrom + sizeMs)) {
      windows.push({ slice, start: followingFrom, isEnding: false });
    }
  }
  windows.sort((a, b) => a.start - b.start);
  for (const { slice, isEnding } of windows) {
    if (isEnding) giveEnding(state, own, slice, timeMs, out);
    else giveFollowing(state, own, slice, timeMs, out);
  }
}

function advance(state: SlidingWindows, watermarkMs: number, out: WindowResults): void {
  const { timers, sizeMs, allowedLatenessMs } = state;
  const due: { slice: Slice; end: number }[] = [];
  const closing: Slice[] = [];
  while (nextDeadlineMs(timers) <= watermarkMs) {
    const slice = state.slices[takeTimer(timers)];
    if (slice === undefined) continue;
    const followingEnd = slice.timeMs + 1 + sizeMs;
    for (const end of [slice.timeMs, followingEnd]) {
      if (end > state.watermarkMs && end <= watermarkMs) due.push({ slice, end });
    }
    if (followingEnd + allowedLatenessMs <= watermarkMs) closing.push(slice);
    else arm(state, slice, watermarkMs);
  }
  giveDue(state, due, watermarkMs, out);
  for (const slice of closing) close(state, slice);
  state.watermarkMs = watermarkMs;
  state.nextDueMs = nextDeadlineMs(timers);
}

function flush(state: SlidingWindows, out: WindowResults): void {
  const due = state.slices.flatMap((slice) => {
    if (slice === undefined) return [];
    const ends = [slice.timeMs, slice.timeMs + 1 + state.sizeMs].filter((end) => end > state.watermarkMs);
    return ends.map((end) => ({ slice, end }));
  });
  giveDue(state, due, END_OF_TIME_MS, out);
}

function giveDue(
  state: SlidingWindows,
  due: { readonly slice: Slice; readonly end: number }[],
  atMs: number,
  out: WindowResults,
): void {
  due.sort((a, b) => a.end - b.end || a.slice.order - b.slice.order);
  for (const { slice, end } of due) {
    const own = ofKey(state, slice.key);
    if (end === slice.timeMs) giveEnding(state, own, slice, atMs, out);
    else giveFollowing(state, own, slice, atMs, out);
  }
}

function giveEnding(state: SlidingWindows, own: KeySlices, slice: Slice, atMs: number, out: WindowResults): void {
  const { timeMs, ending, endingEvents } = slice;
  slice.endingEvents = give(state, own, slice, timeMs - state.sizeMs, ending, endingEvents, atMs, out);
  if (slice.endingEvents !== endingEvents) slice.ending += 1;
}

/** Gives the window behind a slice, unless it has no events or is also the window that ends with another slice. */
function giveFollowing(state: SlidingWindows, own: KeySlices, slice: Slice, atMs: number, out: WindowResults): void {
  const start = slice.timeMs + 1;
  const end = start + state.sizeMs;
  const { timesMs } = own;
  const first = timesMs[placeOf(timesMs, start)];
  if (first === undefined || first > end || timesMs[placeOf(timesMs, end)] === end) return;
  const { following, followingEvents } = slice;
  slice.followingEvents = give(state, own, slice, start, following, followingEvents, atMs, out);
  if (slice.followingEvents !== followingEvents) slice.following += 1;
}

/** Gives a window and returns its number of events: the number in its last result means that it was given already. */
function give(
  { groups, sizeMs }: SlidingWindows,
  { timesMs, groups: members }: KeySlices,
  { group }: Slice,
  start: number,
  revision: number,
  givenEvents: number,
  atMs: number,
  out: WindowResults,
): number {
  const end = start + sizeMs;
  const merged = openForGroup(groups, group);
  mergeGroups(groups, merged, members, placeOf(timesMs, start), placeOf(timesMs, end + 1));
  const events = eventsOf(groups, merged);
  if (events !== givenEvents) {
    setRevision(groups, merged, revision);
    emitGroup(groups, merged, start, end, atMs, out);
  }
  closeGroup(groups, merged);
  return events;
}

function close({ byKey, slices, groups }: SlidingWindows, { key, timeMs, group }: Slice): void {
  const own = byKey.get(key) ?? { timesMs: [], groups: [] };
  removeAt(own, placeOf(own.timesMs, timeMs));
  if (own.groups.length === 0) byKey.delete(key);
  slices[group] = undefined;
  closeGroup(groups, group);
}

function snapshot({ groups, slices }: SlidingWindows): GroupState[] {
  return slices
    .flatMap((slice) => slice ?? [])
    .sort((a, b) => a.order - b.order)
    .map(({ group, timeMs, ending, following, endingEvents, followingEvents }) =>
      saveGroup(groups, group, [timeMs, ending, following, endingEvents, followingEvents]),
    );
}

function restore(state: SlidingWindows, saved: readonly GroupState[]): void {
  for (const one of saved) {
    const [timeMs = 0, ending = 0, following = 0, endingEvents = 0, followingEvents = 0] = one.times;
    const own = ofKey(state, one.key);
    const group = loadGroup(state.groups, one);
    insert(state, own, placeOf(own.timesMs, timeMs), {
      key: one.key,
      timeMs,
      group,
      ending,
      following,
      endingEvents,
      followingEvents,
    });
  }
}
