/**
 * Windows of a number of events of a key, in the order of their arrival. [start, end) reaches from the earliest event to
 * the latest, inclusive. No event is late for such a window. A flush gives a window that is not full as it is; when an
 * earlier event comes afterwards, the window begins earlier, and the flushed result is taken back.
 */
import { emitNews, takeBack, type WindowResults } from './group-results.ts';
import {
  closeGroup,
  eventsOf,
  foldEvent,
  type GroupState,
  type Groups,
  loadGroup,
  openForRow,
  saveGroup,
} from './groups.ts';
import {
  addGroup,
  createKeyIndex,
  findByRow,
  groupsOf,
  type KeyIndex,
  NONE,
  removeGroup,
  touchGroups,
} from './key-index.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import type { OpenWindows, WindowKind, WindowSpec } from './window-kind.ts';

interface CountWindows extends OpenWindows {
  readonly count: number;
  readonly byKey: KeyIndex;
  opened: number;
}

/** Numbers of a group. */
const FIRST_MS = 0;
const LAST_MS = 1;
/** The order in which groups were opened, and in which a flush gives them. */
const ORDER = 2;
/** The start of the group's last result; NaN for none. */
const GIVEN_MS = 3;

export const countWindows: WindowKind<CountWindows> = {
  own: 4,
  open,
  readAhead,
  add,
  advance,
  flush,
  snapshot,
  restore,
};

/** Throws when the windowing is of another kind. */
function open({ window }: WindowSpec, groups: Groups): CountWindows {
  if (window.kind !== 'count') throw new Error(`${window.kind} windows do not close by a count`);
  return {
    groups,
    count: window.count,
    byKey: createKeyIndex(),
    opened: 0,
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: END_OF_TIME_MS,
  };
}

function readAhead({ byKey, groups }: CountWindows, fromRow: number, toRow: number): void {
  touchGroups(byKey, groups, fromRow, toRow);
}

function add(state: CountWindows, row: number, timeMs: number, out: WindowResults): null {
  const { groups, byKey } = state;
  let group = findByRow(byKey, groups, row);
  if (group === NONE) {
    group = openForRow(groups, row);
    put(state, group, timeMs, timeMs, Number.NaN);
  }
  const { rows } = groups;
  const at = placeOf(groups, group);
  if (timeMs < rows[at + FIRST_MS]!) rows[at + FIRST_MS] = timeMs;
  if (timeMs > rows[at + LAST_MS]!) rows[at + LAST_MS] = timeMs;
  foldEvent(groups, group, row, timeMs);
  if (eventsOf(groups, group) >= state.count) close(state, group, timeMs, out);
  return null;
}

function placeOf({ stride, own }: Groups, group: number): number {
  return group * stride + own;
}

function put(state: CountWindows, group: number, firstMs: number, lastMs: number, givenMs: number): void {
  const { groups } = state;
  const at = placeOf(groups, group);
  groups.rows[at + FIRST_MS] = firstMs;
  groups.rows[at + LAST_MS] = lastMs;
  groups.rows[at + ORDER] = state.opened++;
  groups.rows[at + GIVEN_MS] = givenMs;
  addGroup(state.byKey, groups, group);
}

function give({ groups }: CountWindows, group: number, atMs: number, out: WindowResults): void {
  const at = placeOf(groups, group);
  const startMs = groups.rows[at + FIRST_MS]!;
  const endMs = groups.rows[at + LAST_MS]! + 1;
  const givenMs = groups.rows[at + GIVEN_MS]!;
  if (givenMs > startMs) takeBack(groups, group, givenMs, endMs, atMs, out);
  emitNews(groups, group, startMs, endMs, atMs, out);
  groups.rows[at + GIVEN_MS] = startMs;
}

function close(state: CountWindows, group: number, atMs: number, out: WindowResults): void {
  const { groups, byKey } = state;
  give(state, group, atMs, out);
  removeGroup(byKey, groups, group);
  closeGroup(groups, group);
}

function advance(state: CountWindows, watermarkMs: number, out: WindowResults): void {
  state.watermarkMs = watermarkMs;
  if (watermarkMs < END_OF_TIME_MS) return;
  for (const group of inOrder(state)) close(state, group, watermarkMs, out);
}

function flush(state: CountWindows, out: WindowResults): void {
  for (const group of inOrder(state)) give(state, group, END_OF_TIME_MS, out);
}

function inOrder({ byKey, groups }: CountWindows): Int32Array {
  const orderOf = (group: number): number => groups.rows[placeOf(groups, group) + ORDER]!;
  return groupsOf(byKey).sort((a, b) => orderOf(a) - orderOf(b));
}

function snapshot(state: CountWindows): GroupState[] {
  const { groups } = state;
  return Array.from(inOrder(state), (group) => {
    const at = placeOf(groups, group);
    const [first, last, , given] = groups.rows.subarray(at, at + countWindows.own);
    return saveGroup(groups, group, [first!, last!, given!]);
  });
}

function restore(state: CountWindows, saved: readonly GroupState[]): void {
  for (const one of saved) {
    const [firstMs = 0, lastMs = firstMs, givenMs = Number.NaN] = one.times;
    put(state, loadGroup(state.groups, one), firstMs, lastMs, givenMs);
  }
}
