/**
 * Windows of a number of events of a key, in the order of their arrival. [start, end) is from the earliest event to the
 * latest, which is in it. No event is late for one. What is not full when the input ends is given as it is.
 */
import {
  closeGroup,
  emitGroup,
  foldEvent,
  type GroupState,
  type Groups,
  type Key,
  loadGroup,
  openGroup,
  saveGroup,
  type WindowResults,
} from './groups.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import type { OpenWindows, WindowKind, WindowSpec } from './window.ts';

interface CountWindows extends OpenWindows {
  readonly count: number;
  readonly byKey: Map<Key, number>;
  /** By group. */
  readonly firstMs: number[];
  readonly lastMs: number[];
}

export const countWindows: WindowKind<CountWindows> = { open, add, advance, snapshot, restore };

/** Throws when the windowing is of another kind. */
function open({ window }: WindowSpec, groups: Groups): CountWindows {
  if (window.kind !== 'count') throw new Error(`${window.kind} windows do not close by a count`);
  return {
    groups,
    count: window.count,
    byKey: new Map(),
    firstMs: [],
    lastMs: [],
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: END_OF_TIME_MS,
  };
}

function add(state: CountWindows, key: Key, row: number, timeMs: number, out: WindowResults): null {
  const { groups, byKey, firstMs, lastMs } = state;
  let group = byKey.get(key);
  if (group === undefined) {
    group = openGroup(groups);
    byKey.set(key, group);
    firstMs[group] = timeMs;
    lastMs[group] = timeMs;
  }
  if (timeMs < firstMs[group]!) firstMs[group] = timeMs;
  if (timeMs > lastMs[group]!) lastMs[group] = timeMs;
  foldEvent(groups, group, row, timeMs);
  if (groups.counts[group]! >= state.count) {
    byKey.delete(key);
    close(state, key, group, timeMs, out);
  }
  return null;
}

function close({ groups, firstMs, lastMs }: CountWindows, key: Key, group: number, atMs: number, out: WindowResults) {
  emitGroup(groups, group, key, firstMs[group]!, lastMs[group]! + 1, atMs, out);
  closeGroup(groups, group);
}

function advance(state: CountWindows, watermarkMs: number, out: WindowResults): void {
  state.watermarkMs = watermarkMs;
  if (watermarkMs < END_OF_TIME_MS) return;
  for (const [key, group] of state.byKey) close(state, key, group, watermarkMs, out);
  state.byKey.clear();
}

function snapshot({ groups, byKey, firstMs, lastMs }: CountWindows): GroupState[] {
  return [...byKey].map(([key, group]) => saveGroup(groups, group, key, [firstMs[group]!, lastMs[group]!]));
}

function restore(state: CountWindows, saved: readonly GroupState[]): void {
  for (const one of saved) {
    const group = loadGroup(state.groups, one);
    state.byKey.set(one.key, group);
    [state.firstMs[group] = 0, state.lastMs[group] = 0] = one.times;
  }
}
