/**
 * Sliding windows, as Kafka Streams defines them (KIP-450): of one length, both ends included. Each event at t has the window
 * [t − size, t], and [t + 1, t + 1 + size] if that has events. So any events of a key that lie within a size of each other
 * share a window, and each window differs from the next by an event.
 *
 * Events of one key and time are one slice. A window is summed up from its slices when it fires (sliding-sum.ts). It fires when
 * the watermark reaches its last millisecond, and again for each late event within the allowed lateness. An event is late when
 * the window that ends with it is gone; later windows may still hold it.
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
import { NONE } from './key-index.ts';
import { mergeGroups } from './merge-groups.ts';
import {
  awaitTurn,
  createSliceTurns,
  groupOfTurn,
  isEndingTurn,
  nextTurnMs,
  numberOf,
  ORDER,
  type SliceTurns,
  TIME_MS,
  takeOver,
  takeTurns,
} from './slice-turns.ts';
import {
  addWindow,
  changeSlice,
  createSlidingSum,
  forgetSums,
  type KeySlices,
  leaveSlice,
  placeOf,
} from './sliding-sum.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import type { LateArrival, OpenWindows, WindowKind, WindowSpec } from './window-kind.ts';

/** Numbers of a slice, behind those of its turns. */
/** Results so far of the window that ends with the slice, and events in the last one. */
const ENDING = 2;
const ENDING_EVENTS = 3;
/** The same of the window that begins behind it. */
const FOLLOWING = 4;
const FOLLOWING_EVENTS = 5;

interface SlidingWindows extends OpenWindows {
  readonly sizeMs: number;
  readonly allowedLatenessMs: number;
  readonly byKey: Map<Key, KeySlices>;
  /** The slices of its key, by a slice's group. */
  readonly ofKeys: (KeySlices | undefined)[];
  opened: number;
  open: number;
  readonly turns: SliceTurns;
}

export const slidingWindows: WindowKind<SlidingWindows> = {
  own: 6,
  open,
  add,
  advance,
  flush,
  snapshot,
  restore,
  groupCount: (state) => state.open,
};

/** Throws when the windowing is of another kind. */
function open({ window, allowedLatenessMs }: WindowSpec, groups: Groups): SlidingWindows {
  if (window.kind !== 'sliding') throw new Error(`${window.kind} windows do not slide`);
  return {
    groups,
    sizeMs: window.sizeMs,
    allowedLatenessMs,
    byKey: new Map(),
    ofKeys: [],
    opened: 0,
    open: 0,
    turns: createSliceTurns(window.sizeMs, allowedLatenessMs),
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
  };
}

function add(state: SlidingWindows, row: number, timeMs: number, out: WindowResults): LateArrival | null {
  const { groups, sizeMs, allowedLatenessMs, watermarkMs } = state;
  const key = keyOfRow(groups, row);
  // The window that ends with the event is lost. The last window that may still hold the event begins with it.
  const isLate = timeMs + allowedLatenessMs <= watermarkMs;
  const late = isLate ? { key, latenessMs: Math.min(watermarkMs - timeMs, LONG_MAX), windows: 1 } : null;
  if (timeMs + sizeMs + allowedLatenessMs <= watermarkMs) return late;
  const own = ofKey(state, key);
  const place = placeOf(own.timesMs, timeMs);
  const isNew = own.timesMs[place] !== timeMs;
  if (isNew) insert(state, own, place, openForRow(groups, row), timeMs);
  const slice = own.groups[place]!;
  foldEvent(groups, slice, row, timeMs);
  changeSlice(groups, own, place);
  if (timeMs <= watermarkMs) correct(state, own, slice, isNew, out);
  return late;
}

function ofKey({ byKey }: SlidingWindows, key: Key): KeySlices {
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const own: KeySlices = { key, timesMs: [], groups: [], sum: createSlidingSum() };
  byKey.set(key, own);
  return own;
}

function insert(state: SlidingWindows, own: KeySlices, place: number, slice: number, timeMs: number): void {
  const { groups, sizeMs } = state;
  // The window that ends with this slice may be the one that begins behind another slice.
  const same = placeOf(own.timesMs, timeMs - sizeMs - 1);
  const isSame = own.timesMs[same] === timeMs - sizeMs - 1;
  const { rows } = groups;
  const at = slice * groups.stride + groups.own;
  rows[at + TIME_MS] = timeMs;
  rows[at + ORDER] = state.opened++;
  rows[at + ENDING] = isSame ? numberOf(groups, own.groups[same]!, FOLLOWING) : 0;
  rows[at + ENDING_EVENTS] = isSame ? numberOf(groups, own.groups[same]!, FOLLOWING_EVENTS) : 0;
  rows[at + FOLLOWING] = 0;
  rows[at + FOLLOWING_EVENTS] = 0;
  changeSlice(groups, own, place);
  if (place === own.groups.length) {
    own.timesMs.push(timeMs);
    own.groups.push(slice);
  } else {
    own.timesMs.splice(place, 0, timeMs);
    own.groups.splice(place, 0, slice);
  }
  state.ofKeys[slice] = own;
  state.open += 1;
  awaitTurn(state.turns, groups, slice, state.watermarkMs);
  state.nextDueMs = nextTurnMs(state.turns, groups);
}

/** Gives the windows that hold a late event again, and those that it makes, in order of their start. */
function correct(state: SlidingWindows, own: KeySlices, of: number, isNew: boolean, out: WindowResults): void {
  const { groups, sizeMs, allowedLatenessMs, watermarkMs } = state;
  const timeMs = numberOf(groups, of, TIME_MS);
  const isOpen = (end: number): boolean => end <= watermarkMs && end + allowedLatenessMs > watermarkMs;
  const windows: { slice: number; start: number; window: number }[] = [];
  for (const [place, slice] of own.groups.entries()) {
    const sliceMs = own.timesMs[place]!;
    const endingFrom = sliceMs - sizeMs;
    if (endingFrom <= timeMs && timeMs <= sliceMs && isOpen(sliceMs)) {
      windows.push({ slice, start: endingFrom, window: ENDING });
    }
    const followingFrom = sliceMs + 1;
    const changed = (isNew && slice === of) || (followingFrom <= timeMs && timeMs <= followingFrom + sizeMs);
    if (changed && isOpen(followingFrom + sizeMs)) {
      windows.push({ slice, start: followingFrom, window: FOLLOWING });
    }
  }
  windows.sort((a, b) => a.start - b.start);
  for (const { slice, window } of windows) give(state, own, slice, window, timeMs, false, out);
}

function advance(state: SlidingWindows, watermarkMs: number, out: WindowResults): void {
  const { groups, turns, ofKeys } = state;
  while (takeTurns(turns, groups, watermarkMs)) {
    for (let i = 0; i < turns.turns.length; i++) {
      const turn = turns.turns[i]!;
      const slice = groupOfTurn(turn);
      const own = ofKeys[slice]!;
      give(state, own, slice, isEndingTurn(turn) ? ENDING : FOLLOWING, watermarkMs, true, out);
    }
  }
  for (let slice = takeOver(turns, groups, watermarkMs); slice !== NONE; ) {
    close(state, slice);
    slice = takeOver(turns, groups, watermarkMs);
  }
  state.watermarkMs = watermarkMs;
  state.nextDueMs = nextTurnMs(turns, groups);
}

function flush(state: SlidingWindows, out: WindowResults): void {
  const { groups, sizeMs } = state;
  const due = openSlices(state).flatMap((slice) => {
    const timeMs = numberOf(groups, slice, TIME_MS);
    return [timeMs, timeMs + 1 + sizeMs].flatMap((end) => (end > state.watermarkMs ? [{ slice, end }] : []));
  });
  // In the order of slices where two end together.
  due.sort((a, b) => a.end - b.end);
  for (const { slice, end } of due) {
    const window = end === numberOf(groups, slice, TIME_MS) ? ENDING : FOLLOWING;
    give(state, state.ofKeys[slice]!, slice, window, END_OF_TIME_MS, false, out);
  }
}

/**
 * Gives a window of a slice, ENDING or FOLLOWING, unless it has as many events as in its last result. The one behind the slice
 * is left out where it has none, or also ends with another slice. `isNext`: no window of the key that ends later had its turn.
 */
function give(
  { groups, sizeMs }: SlidingWindows,
  own: KeySlices,
  slice: number,
  window: number,
  atMs: number,
  isNext: boolean,
  out: WindowResults,
): void {
  const { timesMs } = own;
  const timeMs = numberOf(groups, slice, TIME_MS);
  const start = window === ENDING ? timeMs - sizeMs : timeMs + 1;
  const end = start + sizeMs;
  if (window === FOLLOWING) {
    const first = timesMs[placeOf(timesMs, start)];
    if (first === undefined || first > end || timesMs[placeOf(timesMs, end)] === end) return;
  }
  const merged = openForGroup(groups, slice);
  if (isNext && !groups.hasObjects) addWindow(groups, own, start, end, merged);
  else mergeGroups(groups, merged, own.groups, placeOf(timesMs, start), placeOf(timesMs, end + 1));
  const events = eventsOf(groups, merged);
  const at = slice * groups.stride + groups.own + window;
  if (events !== groups.rows[at + 1]!) {
    setRevision(groups, merged, groups.rows[at]!);
    emitGroup(groups, merged, start, end, atMs, out);
    groups.rows[at]! += 1;
    groups.rows[at + 1] = events;
  }
  closeGroup(groups, merged);
}

function close(state: SlidingWindows, slice: number): void {
  const { byKey, ofKeys, groups } = state;
  const own = ofKeys[slice]!;
  const place = placeOf(own.timesMs, numberOf(groups, slice, TIME_MS));
  leaveSlice(groups, own, place);
  if (place === 0) {
    own.timesMs.shift();
    own.groups.shift();
  } else {
    own.timesMs.splice(place, 1);
    own.groups.splice(place, 1);
  }
  if (own.groups.length === 0) {
    forgetSums(groups, own.sum);
    byKey.delete(own.key);
  }
  ofKeys[slice] = undefined;
  closeGroup(groups, slice);
  state.open -= 1;
}

/** In the order in which they were opened. */
function openSlices({ byKey, groups }: SlidingWindows): number[] {
  return [...byKey.values()]
    .flatMap((own) => own.groups)
    .sort((a, b) => numberOf(groups, a, ORDER) - numberOf(groups, b, ORDER));
}

function snapshot(state: SlidingWindows): GroupState[] {
  const { groups } = state;
  return openSlices(state).map((slice) => {
    const of = (place: number): number => numberOf(groups, slice, place);
    return saveGroup(groups, slice, [of(TIME_MS), of(ENDING), of(FOLLOWING), of(ENDING_EVENTS), of(FOLLOWING_EVENTS)]);
  });
}

function restore(state: SlidingWindows, saved: readonly GroupState[]): void {
  const { groups } = state;
  for (const one of saved) {
    const [timeMs = 0, ending = 0, following = 0, endingEvents = 0, followingEvents = 0] = one.times;
    const own = ofKey(state, one.key);
    const slice = loadGroup(groups, one);
    insert(state, own, placeOf(own.timesMs, timeMs), slice, timeMs);
    const at = slice * groups.stride + groups.own;
    groups.rows[at + ENDING] = ending;
    groups.rows[at + ENDING_EVENTS] = endingEvents;
    groups.rows[at + FOLLOWING] = following;
    groups.rows[at + FOLLOWING_EVENTS] = followingEvents;
  }
}
