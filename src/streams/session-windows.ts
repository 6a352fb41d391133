/**
 * Session windows, as Flink defines them: an event opens [t, t + gap), and sessions of a key that overlap or touch are
 * one. A session fires when the watermark reaches end − 1, again for each later change within the allowed lateness, and
 * is forgotten after that. Whether an event is late is decided after merging.
 *
 * A result replaces those results of its key whose sessions it covers: sessions that do not merge never overlap.
 */
import { LONG_MAX } from '../messages/avro.ts';
import {
  closeGroup,
  emitEarly,
  emitGroup,
  foldEvent,
  type GroupState,
  type Groups,
  inheritResults,
  type Key,
  loadGroup,
  mergeGroup,
  openGroup,
  saveGroup,
  type WindowResults,
} from './groups.ts';
import { addTimer, createTimers, nextDeadlineMs, type Timers, takeTimer } from './timers.ts';
import { type LateArrival, nextEarlyMs, type OpenWindows, type WindowKind, type WindowSpec } from './window.ts';

interface SessionWindows extends OpenWindows {
  readonly spec: WindowSpec;
  readonly gapMs: number;
  /** The oldest session of a key; the others follow it by `next`, in the order in which they were opened. */
  readonly byKey: Map<Key, number>;
  /** By group, from here on. */
  readonly keys: (Key | undefined)[];
  readonly firstMs: number[];
  readonly lastMs: number[];
  readonly next: number[];
  /** In the order in which they were opened: among sessions that end together, the older one fires first. */
  readonly order: number[];
  opened: number;
  readonly timers: Timers;
  /** When the timer of a group goes off; others of it are of no account. It is not moved when a session grows. */
  readonly timerMs: number[];
}

const NONE = -1;

export const sessionWindows: WindowKind<SessionWindows> = { open, add, advance, snapshot, restore };

/** Throws when the windowing is of another kind. */
function open(spec: WindowSpec, groups: Groups): SessionWindows {
  if (spec.window.kind !== 'session') throw new Error(`${spec.window.kind} windows are no sessions`);
  return {
    spec,
    groups,
    gapMs: spec.window.gapMs,
    byKey: new Map(),
    keys: [],
    firstMs: [],
    lastMs: [],
    next: [],
    order: [],
    opened: 0,
    timers: createTimers(),
    timerMs: [],
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
  };
}

function add(state: SessionWindows, key: Key, row: number, timeMs: number, out: WindowResults): LateArrival | null {
  const { groups, gapMs, watermarkMs } = state;
  let group = mergedSession(state, key, timeMs);
  if (group === NONE) {
    const lastMs = timeMs + gapMs - 1;
    if (lastMs + state.spec.allowedLatenessMs <= watermarkMs) {
      return { key, latenessMs: Math.min(watermarkMs - lastMs, LONG_MAX), windows: 1 };
    }
    group = openSession(state, key, timeMs, timeMs, openGroup(groups));
  }
  foldEvent(groups, group, row, timeMs);
  const firesMs = dueMs(state, group);
  if (firesMs <= watermarkMs) emit(state, group, key, timeMs, out);
  // It had fired, waited to be forgotten, and goes on.
  else if (state.timerMs[group]! > firesMs) arm(state, group, firesMs);
  return null;
}

/** The session of a key that an event belongs to, with all that it bridges; NONE when it opens one of its own. */
function mergedSession(state: SessionWindows, key: Key, timeMs: number): number {
  const { gapMs, firstMs, lastMs, next } = state;
  let oldest = NONE;
  let before = NONE;
  for (let group = state.byKey.get(key) ?? NONE, after = NONE; group !== NONE; group = after) {
    after = next[group]!;
    if (timeMs > lastMs[group]! + gapMs || firstMs[group]! > timeMs + gapMs) {
      before = group;
      continue;
    }
    if (oldest === NONE) {
      oldest = group;
      before = group;
      continue;
    }
    mergeGroup(state.groups, oldest, group);
    inheritResults(state.groups, oldest, group);
    firstMs[oldest] = Math.min(firstMs[oldest]!, firstMs[group]!);
    lastMs[oldest] = Math.max(lastMs[oldest]!, lastMs[group]!);
    next[before] = next[group]!;
    discard(state, group);
  }
  if (oldest !== NONE) {
    if (timeMs < firstMs[oldest]!) firstMs[oldest] = timeMs;
    if (timeMs > lastMs[oldest]!) lastMs[oldest] = timeMs;
  }
  return oldest;
}

function openSession(state: SessionWindows, key: Key, firstMs: number, lastMs: number, group: number): number {
  state.keys[group] = key;
  state.firstMs[group] = firstMs;
  state.lastMs[group] = lastMs;
  state.next[group] = NONE;
  state.order[group] = state.opened++;
  const oldest = state.byKey.get(key);
  if (oldest === undefined) state.byKey.set(key, group);
  else {
    let youngest = oldest;
    while (state.next[youngest] !== NONE) youngest = state.next[youngest]!;
    state.next[youngest] = group;
  }
  const firesMs = dueMs(state, group);
  // One that came late has given its result; what is left is to forget it.
  arm(state, group, firesMs > state.watermarkMs ? firesMs : firesMs + state.spec.allowedLatenessMs);
  return group;
}

function arm(state: SessionWindows, group: number, deadlineMs: number): void {
  addTimer(state.timers, deadlineMs, group);
  state.timerMs[group] = deadlineMs;
  state.nextDueMs = Math.min(state.nextDueMs, deadlineMs, nextEarlyMs(state.spec, state.watermarkMs));
}

function discard({ keys, timerMs, groups }: SessionWindows, group: number): void {
  keys[group] = undefined;
  timerMs[group] = Number.NaN;
  closeGroup(groups, group);
}

/** The last millisecond of a session. */
function dueMs({ lastMs, gapMs }: SessionWindows, group: number): number {
  return lastMs[group]! + gapMs - 1;
}

function emit(state: SessionWindows, group: number, key: Key, atMs: number, out: WindowResults): void {
  const { groups, firstMs, lastMs, gapMs } = state;
  emitGroup(groups, group, key, firstMs[group]!, lastMs[group]! + gapMs, atMs, out);
}

function advance(state: SessionWindows, watermarkMs: number, out: WindowResults): void {
  const { timers, spec } = state;
  const earlyDueMs = nextEarlyMs(spec, state.watermarkMs);
  const due: number[] = [];
  const closing: number[] = [];
  for (let deadlineMs = nextDeadlineMs(timers); deadlineMs <= watermarkMs; deadlineMs = nextDeadlineMs(timers)) {
    const group = takeTimer(timers);
    if (state.timerMs[group] !== deadlineMs) continue;
    const firesMs = dueMs(state, group);
    const dropsMs = firesMs + spec.allowedLatenessMs;
    if (firesMs > state.watermarkMs && firesMs <= watermarkMs) due.push(group);
    if (dropsMs <= watermarkMs) closing.push(group);
    else arm(state, group, firesMs > watermarkMs ? firesMs : dropsMs);
  }
  due.sort((a, b) => dueMs(state, a) - dueMs(state, b) || state.order[a]! - state.order[b]!);
  for (const group of due) emit(state, group, state.keys[group]!, watermarkMs, out);
  for (const group of closing) closeSession(state, group);
  state.watermarkMs = watermarkMs;
  if (earlyDueMs <= watermarkMs && Number.isFinite(earlyDueMs)) reportEarly(state, watermarkMs, out);
  state.nextDueMs = Math.min(nextDeadlineMs(timers), nextEarlyMs(spec, watermarkMs));
}

/** Every open session gives what it has so far, where that is not what it gave before. */
function reportEarly(state: SessionWindows, atMs: number, out: WindowResults): void {
  const { groups, spec, keys, firstMs, lastMs, gapMs } = state;
  for (const group of inOrder(state)) {
    if (dueMs(state, group) <= atMs) continue;
    const end = lastMs[group]! + gapMs;
    emitEarly(groups, group, keys[group]!, firstMs[group]!, end, atMs, spec.earlyMs ?? gapMs, out);
  }
}

function closeSession(state: SessionWindows, group: number): void {
  const { byKey, next } = state;
  const key = state.keys[group]!;
  const oldest = byKey.get(key);
  if (oldest !== group) {
    let before = oldest ?? NONE;
    while (next[before] !== group) before = next[before]!;
    next[before] = next[group]!;
  } else if (next[group] === NONE) byKey.delete(key);
  else byKey.set(key, next[group]!);
  discard(state, group);
}

function inOrder({ byKey, next, order }: SessionWindows): number[] {
  const all: number[] = [];
  for (const oldest of byKey.values()) {
    for (let group = oldest; group !== NONE; group = next[group]!) all.push(group);
  }
  return all.sort((a, b) => order[a]! - order[b]!);
}

function snapshot(state: SessionWindows): GroupState[] {
  const { keys, firstMs, lastMs } = state;
  return inOrder(state).map((group) => saveGroup(state.groups, group, keys[group]!, [firstMs[group]!, lastMs[group]!]));
}

function restore(state: SessionWindows, saved: readonly GroupState[]): void {
  for (const group of saved) {
    const [firstMs = 0, lastMs = firstMs] = group.times;
    openSession(state, group.key, firstMs, lastMs, loadGroup(state.groups, group));
  }
}
