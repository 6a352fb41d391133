/**
 * Session windows, as Flink defines them: an event opens [t, t + gap), and sessions of a key that overlap or touch are
 * one. A session fires when the watermark reaches end − 1, again for each later change within the allowed lateness, and
 * is forgotten after that. Lateness is decided after merging.
 *
 * Without lateness a session is kept one millisecond longer than Flink keeps it, until the watermark reaches its end. An event
 * exactly `gap` behind its last one may come as long, and joins it: whether the two are one session does not depend on which
 * came first.
 *
 * A result replaces the results of all sessions that it covers. Sessions that do not merge never overlap.
 */

import { LONG_MAX } from '../messages/avro.ts';
import { emitEarly, emitNews, inheritResults, type WindowResults } from './group-results.ts';
import {
  closeGroup,
  foldEvent,
  type GroupState,
  type Groups,
  keyOfRow,
  loadGroup,
  openForRow,
  saveGroup,
} from './groups.ts';
import {
  addGroup,
  createKeyIndex,
  findByGroup,
  findByRow,
  groupsOf,
  type KeyIndex,
  NONE,
  removeGroup,
  replaceGroup,
  touchGroups,
} from './key-index.ts';
import { mergeGroup } from './merge-groups.ts';
import { addTimer, createTimers, nextDeadlineMs, type Timers, takeTimer } from './timers.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import { type LateArrival, nextEarlyMs, type OpenWindows, type WindowKind, type WindowSpec } from './window-kind.ts';

interface SessionWindows extends OpenWindows {
  readonly spec: WindowSpec;
  readonly gapMs: number;
  /** The oldest session of each key; the others follow by NEXT, in the order in which they were opened. */
  readonly byKey: KeyIndex;
  opened: number;
  readonly timers: Timers;
}

/** Numbers of a group. */
const FIRST_MS = 0;
const LAST_MS = 1;
const NEXT = 2;
/** The order in which sessions were opened: when two end together, the older one fires first. */
const ORDER = 3;
/**
 * When the session's timer goes off; NaN once it has. A session acts on one timer of that time and no more. Old timers of a
 * merged or re-armed session name only a row and a time; the row may belong to another session by then, or be armed for the
 * same time again. A timer is not moved when a session grows.
 */
const TIMER_MS = 4;

export const sessionWindows: WindowKind<SessionWindows> = {
  own: 5,
  open,
  readAhead,
  add,
  advance,
  flush,
  snapshot,
  restore,
};

/** Throws when the windowing is of another kind. */
function open(spec: WindowSpec, groups: Groups): SessionWindows {
  if (spec.window.kind !== 'session') throw new Error(`${spec.window.kind} windows are no sessions`);
  return {
    spec,
    groups,
    gapMs: spec.window.gapMs,
    byKey: createKeyIndex(),
    opened: 0,
    timers: createTimers(),
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
  };
}

function readAhead({ byKey, groups }: SessionWindows, fromRow: number, toRow: number): void {
  touchGroups(byKey, groups, fromRow, toRow);
}

function add(state: SessionWindows, row: number, timeMs: number, out: WindowResults): LateArrival | null {
  const { groups, gapMs, watermarkMs } = state;
  const oldest = findByRow(state.byKey, groups, row);
  const { allowedLatenessMs } = state.spec;
  if (timeMs + gapMs - 1 + allowedLatenessMs <= watermarkMs) {
    const lastMs = mergedLastMs(state, oldest, timeMs) + gapMs - 1;
    if (lastMs + allowedLatenessMs <= watermarkMs) {
      return { key: keyOfRow(groups, row), latenessMs: Math.min(watermarkMs - lastMs, LONG_MAX), windows: 1 };
    }
  }
  let group = oldest === NONE ? NONE : mergedSession(state, oldest, timeMs);
  if (group === NONE) {
    group = openForRow(groups, row);
    openSession(state, group, oldest, timeMs, timeMs);
  }
  foldEvent(groups, group, row, timeMs);
  const firesMs = dueMs(state, group);
  if (firesMs <= watermarkMs) emit(state, group, timeMs, out);
  // The session had fired, waited to be forgotten, and now goes on.
  else if (numberOf(groups, group, TIMER_MS) > firesMs) arm(state, group, firesMs);
  return null;
}

function numberOf({ rows, stride, own }: Groups, group: number, place: number): number {
  return rows[group * stride + own + place]!;
}

function setNumber({ rows, stride, own }: Groups, group: number, place: number, value: number): void {
  rows[group * stride + own + place] = value;
}

/** The last event of the session that an event would be in. `first` is the first session of its key, or NONE. */
function mergedLastMs({ groups, gapMs }: SessionWindows, first: number, timeMs: number): number {
  let mergedMs = timeMs;
  for (let group = first; group !== NONE; group = numberOf(groups, group, NEXT)) {
    const lastMs = numberOf(groups, group, LAST_MS);
    const isApart = timeMs > lastMs + gapMs || numberOf(groups, group, FIRST_MS) > timeMs + gapMs;
    if (!isApart && lastMs > mergedMs) mergedMs = lastMs;
  }
  return mergedMs;
}

/** Merges the sessions of a key that an event joins or bridges; NONE when it opens a session of its own. */
function mergedSession(state: SessionWindows, first: number, timeMs: number): number {
  const { gapMs, groups } = state;
  let oldest = NONE;
  let before = NONE;
  for (let group = first, after = NONE; group !== NONE; group = after) {
    after = numberOf(groups, group, NEXT);
    const firstMs = numberOf(groups, group, FIRST_MS);
    const lastMs = numberOf(groups, group, LAST_MS);
    if (timeMs > lastMs + gapMs || firstMs > timeMs + gapMs) {
      before = group;
      continue;
    }
    if (oldest === NONE) {
      oldest = group;
      before = group;
      continue;
    }
    mergeGroup(groups, oldest, group);
    inheritResults(groups, oldest, group);
    extend(groups, oldest, firstMs, lastMs);
    setNumber(groups, before, NEXT, after);
    discard(state, group);
  }
  if (oldest !== NONE) extend(groups, oldest, timeMs, timeMs);
  return oldest;
}

function extend(groups: Groups, group: number, firstMs: number, lastMs: number): void {
  if (firstMs < numberOf(groups, group, FIRST_MS)) setNumber(groups, group, FIRST_MS, firstMs);
  if (lastMs > numberOf(groups, group, LAST_MS)) setNumber(groups, group, LAST_MS, lastMs);
}

/** `oldest` is the first session of its key; NONE when the key has none. */
function openSession(state: SessionWindows, group: number, oldest: number, firstMs: number, lastMs: number): void {
  const { groups } = state;
  setNumber(groups, group, FIRST_MS, firstMs);
  setNumber(groups, group, LAST_MS, lastMs);
  setNumber(groups, group, NEXT, NONE);
  setNumber(groups, group, ORDER, state.opened++);
  if (oldest === NONE) addGroup(state.byKey, groups, group);
  else {
    let youngest = oldest;
    for (let next = oldest; next !== NONE; next = numberOf(groups, next, NEXT)) youngest = next;
    setNumber(groups, youngest, NEXT, group);
  }
  const firesMs = dueMs(state, group);
  // A session that came late has given its result, and only waits to be forgotten.
  arm(state, group, firesMs > state.watermarkMs ? firesMs : dropMs(state, group));
}

function arm(state: SessionWindows, group: number, deadlineMs: number): void {
  addTimer(state.timers, deadlineMs, group);
  setNumber(state.groups, group, TIMER_MS, deadlineMs);
  state.nextDueMs = Math.min(state.nextDueMs, deadlineMs, nextEarlyMs(state.spec, state.watermarkMs));
}

function discard({ groups }: SessionWindows, group: number): void {
  setNumber(groups, group, TIMER_MS, Number.NaN);
  closeGroup(groups, group);
}

/** The last millisecond of a session. */
function dueMs({ groups, gapMs }: SessionWindows, group: number): number {
  return numberOf(groups, group, LAST_MS) + gapMs - 1;
}

/** When a session is forgotten: at the watermark under which no event that joins it is in time any more. */
function dropMs(state: SessionWindows, group: number): number {
  return dueMs(state, group) + Math.max(state.spec.allowedLatenessMs, 1);
}

function emit(state: SessionWindows, group: number, atMs: number, out: WindowResults): void {
  emitNews(state.groups, group, numberOf(state.groups, group, FIRST_MS), dueMs(state, group) + 1, atMs, out);
}

function advance(state: SessionWindows, watermarkMs: number, out: WindowResults): void {
  const { timers, spec, groups } = state;
  const earlyDueMs = nextEarlyMs(spec, state.watermarkMs);
  const due: number[] = [];
  const closing: number[] = [];
  for (let deadlineMs = nextDeadlineMs(timers); deadlineMs <= watermarkMs; deadlineMs = nextDeadlineMs(timers)) {
    const group = takeTimer(timers);
    if (numberOf(groups, group, TIMER_MS) !== deadlineMs) continue;
    setNumber(groups, group, TIMER_MS, Number.NaN);
    // Timers armed below are due after the watermark, so the loop ends.
    const firesMs = dueMs(state, group);
    const dropsMs = dropMs(state, group);
    if (firesMs > state.watermarkMs && firesMs <= watermarkMs) due.push(group);
    if (dropsMs <= watermarkMs) closing.push(group);
    else arm(state, group, firesMs > watermarkMs ? firesMs : dropsMs);
  }
  due.sort((a, b) => dueMs(state, a) - dueMs(state, b) || byOrder(groups, a, b));
  for (const group of due) emit(state, group, watermarkMs, out);
  for (const group of closing) closeSession(state, group);
  state.watermarkMs = watermarkMs;
  if (earlyDueMs <= watermarkMs && Number.isFinite(earlyDueMs)) reportEarly(state, watermarkMs, out);
  state.nextDueMs = Math.min(nextDeadlineMs(timers), nextEarlyMs(spec, watermarkMs));
}

function flush(state: SessionWindows, out: WindowResults): void {
  const open = inOrder(state).filter((group) => dueMs(state, group) > state.watermarkMs);
  open.sort((a, b) => dueMs(state, a) - dueMs(state, b) || byOrder(state.groups, a, b));
  for (const group of open) emit(state, group, END_OF_TIME_MS, out);
}

/** Gives early results of the open sessions that have news. */
function reportEarly(state: SessionWindows, atMs: number, out: WindowResults): void {
  const { groups, spec, gapMs } = state;
  for (const group of inOrder(state)) {
    const lastMs = dueMs(state, group);
    if (lastMs <= atMs) continue;
    emitEarly(groups, group, numberOf(groups, group, FIRST_MS), lastMs + 1, atMs, spec.earlyMs ?? gapMs, out);
  }
}

function closeSession(state: SessionWindows, group: number): void {
  const { byKey, groups } = state;
  const next = numberOf(groups, group, NEXT);
  const oldest = findByGroup(byKey, groups, group);
  if (oldest !== group) {
    let before = oldest;
    while (numberOf(groups, before, NEXT) !== group) {
      before = numberOf(groups, before, NEXT);
      if (before === NONE) throw new Error('A session is to be closed that its key has not');
    }
    setNumber(groups, before, NEXT, next);
  } else if (next === NONE) removeGroup(byKey, groups, group);
  else replaceGroup(byKey, groups, group, next);
  discard(state, group);
}

function inOrder({ byKey, groups }: SessionWindows): number[] {
  const all: number[] = [];
  for (const oldest of groupsOf(byKey)) {
    for (let group = oldest; group !== NONE; group = numberOf(groups, group, NEXT)) all.push(group);
  }
  return all.sort((a, b) => byOrder(groups, a, b));
}

function byOrder(groups: Groups, a: number, b: number): number {
  return numberOf(groups, a, ORDER) - numberOf(groups, b, ORDER);
}

function snapshot(state: SessionWindows): GroupState[] {
  const { groups } = state;
  return inOrder(state).map((group) =>
    saveGroup(groups, group, [numberOf(groups, group, FIRST_MS), numberOf(groups, group, LAST_MS)]),
  );
}

function restore(state: SessionWindows, saved: readonly GroupState[]): void {
  for (const one of saved) {
    const [firstMs = 0, lastMs = firstMs] = one.times;
    const group = loadGroup(state.groups, one);
    openSession(state, group, findByGroup(state.byKey, state.groups, group), firstMs, lastMs);
  }
}
