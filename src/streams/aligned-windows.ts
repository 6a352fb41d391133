/**
 * Tumbling and hopping windows, as Flink defines them: [start, end) fires when the watermark reaches end − 1, fires again
 * for each late event within the allowed lateness, and is forgotten after that.
 *
 * Every event goes to one slice (slicing.ts). A window merges its slices when it fires.
 */

import { LONG_MAX } from '../messages/avro.ts';
import type { WindowPart } from '../messages/window-parts.ts';
import { emitEarly, emitGroup, emitNews, inheritResults, takeBack, type WindowResults } from './group-results.ts';
import { closeGroup, foldEvent, type GroupState, type Groups, keyOfRow, loadGroup, saveGroup } from './groups.ts';
import { NONE, touchGroups } from './key-index.ts';
import { mergeGroup } from './merge-groups.ts';
import { addTo, closePane, groupOf, knownGroup, openPane, type Pane, placeOf, sameGroup } from './panes.ts';
import { lastOf, newestWindow, oldestWindow, type Slicing, sliceStart, slicingOf } from './slicing.ts';
import { topOf } from './top-groups.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import {
  type LateArrival,
  nextEarlyMs,
  type OpenWindows,
  type WindowKind,
  type WindowSpec,
  windowStart,
} from './window-kind.ts';

interface AlignedWindows extends OpenWindows, Slicing {
  readonly spec: WindowSpec;
  /** Slices that an unfired window needs, in order of start. */
  readonly slices: Pane[];
  /** The slice of the last event, while none of its windows has fired. */
  latest: Pane | null;
  /** The first instant of the latest slice. */
  latestFromMs: number;
  latestToMs: number;
  /** Fired windows that late events may still correct, in order of start. */
  readonly fired: Pane[];
  /** The last early results of windows of several slices, in order of start. */
  readonly early: Pane[];
  /** Closed panes, for their memory. */
  readonly spare: Pane[];
}

const [SLICE, FIRED, EARLY] = [0, 1, 2] as const;

export const alignedWindows: WindowKind<AlignedWindows> = {
  own: 0,
  open,
  readAhead,
  add,
  advance,
  flush,
  merge,
  snapshot,
  restore,
};

/** Throws when the windowing is of another kind. */
function open(spec: WindowSpec, groups: Groups): AlignedWindows {
  // Written out, as in createGroups: V8 gives objects made by a spread shapes of their own, and its optimised code starts anew.
  const { sizeMs, everyMs, offsetMs, sliceMs, clock } = slicingOf(spec.window);
  return {
    sizeMs,
    everyMs,
    offsetMs,
    sliceMs,
    clock,
    spec,
    groups,
    slices: [],
    latest: null,
    latestFromMs: 0,
    latestToMs: 0,
    fired: [],
    early: [],
    spare: [],
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
  };
}

function readAhead({ slices, groups }: AlignedWindows, fromRow: number, toRow: number): void {
  const last = slices.at(-1);
  if (last !== undefined && last.index !== null) touchGroups(last.index, groups, fromRow, toRow);
}

function add(state: AlignedWindows, row: number, timeMs: number, out: WindowResults): LateArrival | null {
  let slice = state.latest;
  if (slice === null || timeMs < state.latestFromMs || timeMs >= state.latestToMs) {
    const start = sliceStart(state, timeMs);
    if (lastOf(state, oldestWindow(state, start)) <= state.watermarkMs) return addLate(state, row, timeMs, start, out);
    slice = paneAt(state, state.slices, start);
    state.latest = slice;
    state.latestFromMs = state.clock.instant(slice.start);
    state.latestToMs = state.clock.instant(slice.start + state.sliceMs);
  }
  foldEvent(state.groups, groupOf(state.groups, slice, row), row, timeMs);
  return null;
}

/** Adds an event of a slice to those of its windows that are not past their lateness. */
function addLate(
  state: AlignedWindows,
  row: number,
  timeMs: number,
  slice: number,
  out: WindowResults,
): LateArrival | null {
  const { groups, everyMs, watermarkMs } = state;
  const newest = newestWindow(state, slice);
  let lost = 0;
  let latenessMs = 0;
  for (let start = oldestWindow(state, slice); start <= newest; start += everyMs) {
    const lastMs = lastOf(state, start);
    if (lastMs > watermarkMs) {
      foldEvent(groups, groupOf(groups, paneAt(state, state.slices, slice), row), row, timeMs);
      break;
    }
    if (lastMs + state.spec.allowedLatenessMs <= watermarkMs) {
      lost += 1;
      latenessMs = Math.min(watermarkMs - lastMs, LONG_MAX);
      continue;
    }
    const group = groupOf(groups, firedPane(state, start), row);
    foldEvent(groups, group, row, timeMs);
    emitGroup(groups, group, state.clock.instant(start), lastMs + 1, timeMs, out);
  }
  return lost === 0 ? null : { key: keyOfRow(groups, row), latenessMs, windows: lost };
}

function advance(state: AlignedWindows, watermarkMs: number, out: WindowResults): void {
  const { slices, fired, spare, spec, groups } = state;
  state.latest = null;
  const earlyDueMs = nextEarlyMs(spec, state.watermarkMs);
  // Where a zone left out a day, two windows end at once: the next one is told by its start.
  for (let start = nextWindow(state); lastOf(state, start) <= watermarkMs; ) {
    fire(state, start, watermarkMs, out);
    state.watermarkMs = lastOf(state, start);
    start = windowFrom(state, start + state.everyMs);
  }
  const neededFrom = firstUnfired(state, watermarkMs);
  while (slices.length > 0 && newestWindow(state, slices[0]!.start) < neededFrom)
    closePane(groups, slices.shift()!, spare);
  const droppedTo = watermarkMs - spec.allowedLatenessMs;
  while (fired.length > 0 && lastOf(state, fired[0]!.start) <= droppedTo) closePane(groups, fired.shift()!, spare);
  state.watermarkMs = watermarkMs;
  if (earlyDueMs <= watermarkMs && Number.isFinite(earlyDueMs)) reportEarly(state, watermarkMs, out);
  state.nextDueMs = dueMs(state);
}

function fire(state: AlignedWindows, start: number, atMs: number, out: WindowResults): void {
  const pane = state.sizeMs === state.sliceMs ? state.slices.shift()! : mergedPane(state, start);
  const { groups, fired } = state;
  const isKept = state.spec.allowedLatenessMs > 0;
  give(state, pane, atMs, out);
  if (isKept) fired.splice(placeOf(fired, start), 0, pane);
  else closePane(groups, pane, state.spare);
}

/** Gives a window's results, except what a flush already gave, and takes back groups that left the `top`. */
function give(state: AlignedWindows, { start, members }: Pane, atMs: number, out: WindowResults): void {
  const { groups, spec } = state;
  const [fromMs, toMs] = [state.clock.instant(start), lastOf(state, start) + 1];
  const isGiven = topOf(groups, members, spec.top);
  for (const group of members) {
    if (isGiven(group)) emitNews(groups, group, fromMs, toMs, atMs, out);
    else takeBack(groups, group, fromMs, toMs, atMs, out);
  }
}

function flush(state: AlignedWindows, out: WindowResults): void {
  const { sizeMs, sliceMs, everyMs, slices, early } = state;
  for (let start = nextWindow(state); start < Number.POSITIVE_INFINITY; start = windowFrom(state, start + everyMs)) {
    const pane = sizeMs === sliceMs ? slices[placeOf(slices, start)]! : mergedPane(state, start);
    give(state, pane, END_OF_TIME_MS, out);
    if (sizeMs !== sliceMs) early.splice(placeOf(early, start), 0, pane);
  }
}

/** Gives early results of the open windows that have news. */
function reportEarly(state: AlignedWindows, atMs: number, out: WindowResults): void {
  const { sizeMs, sliceMs, everyMs, slices, early } = state;
  if (sizeMs === sliceMs) {
    for (const slice of slices) emitEarlyNews(state, slice, atMs, out);
    return;
  }
  for (let start = nextWindow(state); start < Number.POSITIVE_INFINITY; start = windowFrom(state, start + everyMs)) {
    const pane = mergedPane(state, start);
    emitEarlyNews(state, pane, atMs, out);
    if (pane.members.length > 0) early.splice(placeOf(early, start), 0, pane);
  }
}

function emitEarlyNews(state: AlignedWindows, { start, members }: Pane, atMs: number, out: WindowResults): void {
  const { groups, spec, sizeMs, clock } = state;
  const [fromMs, toMs] = [clock.instant(start), lastOf(state, start) + 1];
  for (const group of members) emitEarly(groups, group, fromMs, toMs, atMs, spec.earlyMs ?? sizeMs, out);
}

/** Merges a window of several slices into one pane, which continues from the window's early results. */
function mergedPane(state: AlignedWindows, start: number): Pane {
  const { groups, slices, sizeMs, early } = state;
  const pane = openPane(state.spare, start);
  for (let i = placeOf(slices, start); i < slices.length && slices[i]!.start < start + sizeMs; i++) {
    for (const group of slices[i]!.members) mergeGroup(groups, sameGroup(groups, pane, group), group);
  }
  const at = placeOf(early, start);
  const before = early[at];
  if (before?.start === start) {
    for (const group of before.members) inheritResults(groups, sameGroup(groups, pane, group), group);
    closePane(groups, before, state.spare);
    early.splice(at, 1);
  }
  return pane;
}

/** The first window that has events and has not fired; Infinity when there is none. */
function nextWindow(state: AlignedWindows): number {
  return windowFrom(state, firstUnfired(state, state.watermarkMs));
}

/** The first window from this start on that has events; Infinity when there is none. */
function windowFrom(state: AlignedWindows, first: number): number {
  const slice = state.slices[placeOf(state.slices, first)];
  return slice === undefined ? Number.POSITIVE_INFINITY : Math.max(first, oldestWindow(state, slice.start));
}

/** Start of the first window whose last instant the watermark has not reached. */
function firstUnfired({ sizeMs, everyMs, offsetMs, clock }: AlignedWindows, watermarkMs: number): number {
  if (watermarkMs === Number.NEGATIVE_INFINITY) return watermarkMs;
  return windowStart(clock.reading(watermarkMs + 1) - sizeMs, everyMs, offsetMs) + everyMs;
}

function dueMs(state: AlignedWindows): number {
  const { fired, slices, spec } = state;
  const dropMs =
    fired.length === 0 ? Number.POSITIVE_INFINITY : lastOf(state, fired[0]!.start) + spec.allowedLatenessMs;
  const earlyMs = slices.length === 0 ? Number.POSITIVE_INFINITY : nextEarlyMs(spec, state.watermarkMs);
  return Math.min(lastOf(state, nextWindow(state)), dropMs, earlyMs);
}

function firedPane(state: AlignedWindows, start: number): Pane {
  return paneAt(state, state.fired, start);
}

function paneAt(state: AlignedWindows, panes: Pane[], start: number): Pane {
  const place = placeOf(panes, start);
  const known = panes[place];
  if (known?.start === start) return known;
  const pane = openPane(state.spare, start);
  panes.splice(place, 0, pane);
  // Behind another one that has still to fire, a tumbling window is not the next to be due.
  if (place === 0 || state.sizeMs !== state.sliceMs) state.nextDueMs = dueMs(state);
  return pane;
}

/** Merges sums of events of unfired windows. A slice is then as if the events had been added one by one. */
function merge(state: AlignedWindows, parts: readonly WindowPart[]): void {
  const { groups } = state;
  for (const { start, ...part } of parts) {
    const pane = paneAt(state, state.slices, start);
    const group = loadGroup(groups, { ...part, times: [], revision: 0, reported: 0 });
    const known = knownGroup(groups, pane, group);
    if (known === NONE) addTo(pane, groups, group);
    else {
      mergeGroup(groups, known, group);
      closeGroup(groups, group);
    }
  }
}

function snapshot({ groups, slices, fired, early }: AlignedWindows): GroupState[] {
  const save = (panes: readonly Pane[], role: number): GroupState[] =>
    panes.flatMap(({ start, members }) => members.map((group) => saveGroup(groups, group, [role, start])));
  return [...save(slices, SLICE), ...save(fired, FIRED), ...save(early, EARLY)];
}

function restore(state: AlignedWindows, saved: readonly GroupState[]): void {
  const { groups, slices, fired, early } = state;
  for (const group of saved) {
    const [role = SLICE, start = 0] = group.times;
    const panes = role === SLICE ? slices : role === FIRED ? fired : early;
    addTo(paneAt(state, panes, start), groups, loadGroup(groups, group));
  }
  state.nextDueMs = dueMs(state);
}
