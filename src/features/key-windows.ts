/**
 * The windows of all keys over one stream of events, in event time: for each event of a key at time t, what came in (t
 * − delay − size, t − delay]. A key has its events once, in a ring of rows of numbers, and each window has two places
 * in it: the first row within, and the first that has not come in yet. So an event is put in once, and enters and
 * leaves each window once, whatever their lengths.
 *
 * Events of a key come in order of time. An event that comes after a later event of its key is put into its place, and
 * its own windows are computed by a scan: later events then see it as if it had come in time.
 */
import type { ExactSums } from '../streams/exact-sum.ts';
import { createRowArena, firstRingRows, giveRing, growRing, type RowArena, takeRing } from './row-arena.ts';
import { addToSeries, clearSeries, SERIES_NUMBERS, type Series, type SeriesSpec, takeFromSeries } from './series.ts';

export interface WindowBounds {
  readonly sizeMs: number;
  readonly delayMs: number;
  readonly series: readonly SeriesSpec[];
}

export interface Window {
  readonly sizeMs: number;
  readonly delayMs: number;
  readonly series: readonly Series[];
  /** Where a key has the number of the first row within, and of the first that is yet to come in. */
  readonly tail: number;
  readonly front: number;
}

export interface KeyWindows {
  readonly windows: readonly Window[];
  readonly arena: RowArena;
  /** The numbers of all keys; the first key is none, and serves the scans. */
  states: Float64Array;
  readonly stateNumbers: number;
  readonly exact: ExactSums;
  keys: number;
  readonly freeKeys: number[];
}

/** Column of a row with its time; others follow. */
export const TIME = 0;

/** What a key has before its windows. */
const [PLACE, ROWS, FIRST, NEXT, LATEST, WAITING] = [0, 1, 2, 3, 4, 5] as const;
const HEAD = 6;
const SCAN = 0;

/** `columns`: numbers of a row beside its time. */
export function createKeyWindows(bounds: readonly WindowBounds[], columns: number): KeyWindows {
  let at = HEAD;
  const windows = bounds.map(({ sizeMs, delayMs, series }): Window => {
    const [tail, front] = [at, at + 1];
    at += 2;
    const own = series.map((spec): Series => {
      at += SERIES_NUMBERS;
      return { ...spec, at: at - SERIES_NUMBERS };
    });
    return { sizeMs, delayMs, series: own, tail, front };
  });
  const all: KeyWindows = {
    windows,
    arena: createRowArena(1 + columns),
    states: new Float64Array(at * 64),
    stateNumbers: at,
    exact: new Map(),
    keys: 0,
    freeKeys: [],
  };
  addKey(all);
  return all;
}

/** A new key without events. Its number is that of a key that was forgotten, if there is one. */
export function addKey(all: KeyWindows): number {
  const key = all.freeKeys.pop() ?? all.keys++;
  const { stateNumbers } = all;
  if ((key + 1) * stateNumbers > all.states.length) {
    const larger = new Float64Array(2 * all.states.length);
    larger.set(all.states);
    all.states = larger;
  }
  const rows = firstRingRows();
  const head = key * stateNumbers;
  all.states.fill(0, head, head + stateNumbers);
  all.states[head + PLACE] = takeRing(all.arena, rows);
  all.states[head + ROWS] = rows;
  all.states[head + LATEST] = Number.NEGATIVE_INFINITY;
  for (const { series } of all.windows) for (const { at } of series) clearSeries(all.states, head + at, all.exact);
  return key;
}

export function forgetKey(all: KeyWindows, key: number): void {
  const head = key * all.stateNumbers;
  giveRing(all.arena, all.states[head + PLACE]!, all.states[head + ROWS]!);
  for (const { series } of all.windows) for (const { at } of series) clearSeries(all.states, head + at, all.exact);
  all.freeKeys.push(key);
}

/** Events of the key that have come and are not in its windows yet. */
export function addWaiting(all: KeyWindows, key: number, count: number): void {
  all.states[key * all.stateNumbers + WAITING]! += count;
}

/** Whether nothing of the key is in any window at this time, and nothing waits. */
export function isOver(all: KeyWindows, key: number, horizonMs: number, timeMs: number): boolean {
  const head = key * all.stateNumbers;
  return all.states[head + WAITING] === 0 && all.states[head + LATEST]! + horizonMs <= timeMs;
}

/** The numbers of the first row that is kept of a key, and of the one that would come next. */
export function rowsOf(all: KeyWindows, key: number): { readonly first: number; readonly next: number } {
  const head = key * all.stateNumbers;
  return { first: all.states[head + FIRST]!, next: all.states[head + NEXT]! };
}

/** Where a row of a key lies in the arena. */
export function placeOfRow({ arena, states, stateNumbers }: KeyWindows, key: number, row: number): number {
  const head = key * stateNumbers;
  return states[head + PLACE]! + (row & (states[head + ROWS]! - 1)) * arena.stride;
}

/** A row whose windows are computed, and where each window then has its series and its rows. */
export interface Computed {
  /** The key whose states have the series: its own, or that of the scans. */
  stateKey: number;
  row: number;
  readonly tails: Float64Array;
  readonly fronts: Float64Array;
}

export function createComputed({ windows }: KeyWindows): Computed {
  return { stateKey: 0, row: 0, tails: new Float64Array(windows.length), fronts: new Float64Array(windows.length) };
}

/** Puts an event in, whose numbers, the time first, lie at `from` of `values`; and computes its windows. */
export function addEvent(all: KeyWindows, key: number, values: Float64Array, from: number, out: Computed): void {
  const head = key * all.stateNumbers;
  const timeMs = values[from]!;
  const isLate = timeMs < all.states[head + LATEST]!;
  let row = all.states[head + NEXT]!;
  if (row - all.states[head + FIRST]! === all.states[head + ROWS]) grow(all, head);
  if (isLate) row = makeRoom(all, key, timeMs);
  const place = placeOfRow(all, key, row);
  for (let i = 0; i < all.arena.stride; i++) all.arena.rows[place + i] = values[from + i]!;
  all.states[head + NEXT]! += 1;
  out.row = row;
  if (isLate) {
    enterLate(all, key, row);
    scan(all, key, row, out);
    return;
  }
  all.states[head + LATEST] = timeMs;
  advance(all, key, head, timeMs);
  out.stateKey = key;
  for (let i = 0; i < all.windows.length; i++) {
    out.tails[i] = all.states[head + all.windows[i]!.tail]!;
    out.fronts[i] = all.states[head + all.windows[i]!.front]!;
  }
}

function grow(all: KeyWindows, head: number): void {
  const { states, arena } = all;
  const rows = states[head + ROWS]!;
  states[head + PLACE] = growRing(arena, states[head + PLACE]!, rows, states[head + FIRST]!, states[head + NEXT]!);
  states[head + ROWS] = 2 * rows;
}

/** Moves the windows of a key on to a time. */
function advance(all: KeyWindows, key: number, head: number, timeMs: number): void {
  const { windows, states, arena, exact } = all;
  const next = states[head + NEXT]!;
  let first = next;
  for (let i = 0; i < windows.length; i++) {
    const { delayMs, sizeMs, series, tail, front } = windows[i]!;
    const endMs = timeMs - delayMs;
    const startMs = endMs - sizeMs;
    let entering = states[head + front]!;
    for (; entering < next; entering++) {
      const place = placeOfRow(all, key, entering);
      if (arena.rows[place]! > endMs) break;
      for (let j = 0; j < series.length; j++) {
        addToSeries(series[j]!, states, head + series[j]!.at, arena.rows, place, exact);
      }
    }
    let leaving = states[head + tail]!;
    for (; leaving < entering; leaving++) {
      const place = placeOfRow(all, key, leaving);
      if (arena.rows[place]! > startMs) break;
      for (let j = 0; j < series.length; j++) {
        takeFromSeries(series[j]!, states, head + series[j]!.at, arena.rows, place, exact);
      }
    }
    states[head + front] = entering;
    states[head + tail] = leaving;
    if (leaving < first) first = leaving;
  }
  states[head + FIRST] = first;
}

/** The number of the row behind all rows of the key up to this time; those behind it have moved on by one. */
function makeRoom(all: KeyWindows, key: number, timeMs: number): number {
  const { first, next } = rowsOf(all, key);
  let row = next;
  for (; row > first; row--) {
    const before = placeOfRow(all, key, row - 1);
    if (all.arena.rows[before]! <= timeMs) break;
    all.arena.rows.copyWithin(placeOfRow(all, key, row), before, before + all.arena.stride);
  }
  return row;
}

/** A row that came behind later ones enters the windows that have gone past its time, and are not over it. */
function enterLate(all: KeyWindows, key: number, row: number): void {
  const { windows, states, arena, exact } = all;
  const head = key * all.stateNumbers;
  const place = placeOfRow(all, key, row);
  const timeMs = arena.rows[place]!;
  for (const { delayMs, sizeMs, series, tail, front } of windows) {
    const endMs = states[head + LATEST]! - delayMs;
    if (timeMs > endMs) continue;
    states[head + front]! += 1;
    if (timeMs <= endMs - sizeMs) states[head + tail]! += 1;
    else for (const one of series) addToSeries(one, states, head + one.at, arena.rows, place, exact);
  }
}

/** The windows as of a row, by all rows of the key up to it. */
function scan(all: KeyWindows, key: number, row: number, out: Computed): void {
  const { windows, states, arena, exact } = all;
  const { first } = rowsOf(all, key);
  const timeMs = arena.rows[placeOfRow(all, key, row)]!;
  out.stateKey = SCAN;
  for (let i = 0; i < windows.length; i++) {
    const { delayMs, sizeMs, series } = windows[i]!;
    let [tail, front] = [first, first];
    for (const { at } of series) clearSeries(states, at, exact);
    for (let other = first; other <= row; other++) {
      const place = placeOfRow(all, key, other);
      const otherMs = arena.rows[place]!;
      if (otherMs > timeMs - delayMs) break;
      front = other + 1;
      if (otherMs <= timeMs - delayMs - sizeMs) tail = other + 1;
      else for (const one of series) addToSeries(one, states, one.at, arena.rows, place, exact);
    }
    out.tails[i] = tail;
    out.fronts[i] = front;
  }
}

/** Changes numbers of a row, those from column `from` on, where it is and in the windows that have it. */
export function changeRow(all: KeyWindows, key: number, row: number, from: number, values: readonly number[]): void {
  const { windows, states, arena, exact } = all;
  const head = key * all.stateNumbers;
  const place = placeOfRow(all, key, row);
  const within = windows.filter(({ tail, front }) => row >= states[head + tail]! && row < states[head + front]!);
  for (const { series } of within) {
    for (const one of series) takeFromSeries(one, states, head + one.at, arena.rows, place, exact);
  }
  for (const [i, value] of values.entries()) arena.rows[place + from + i] = value;
  for (const { series } of within) {
    for (const one of series) addToSeries(one, states, head + one.at, arena.rows, place, exact);
  }
}
