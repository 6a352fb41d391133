/**
 * When slices of sliding windows have their turns: the window that ends with a slice, the window that begins behind it, and the
 * slice's end. Each is as long after the one before for all slices, so slices that had their first turn in order of time have the
 * others in that order too: one ring with a mark for each turn. Only before its first turn does a slice wait in timers, and one
 * that came when that turn was over.
 */
import type { Groups } from './groups.ts';
import { NONE } from './key-index.ts';
import { addTimer, createTimers, nextDeadlineMs, type Timers, takeTimer } from './timers.ts';

/** Numbers of a slice's group. */
export const TIME_MS = 0;
/** The order in which slices were opened: when two windows end together, the older slice's fires first. */
export const ORDER = 1;

/** A slice's group twice, and 1 more for the window behind the slice. */
export type WindowTurn = number;

export interface SliceTurns {
  readonly sizeMs: number;
  readonly allowedLatenessMs: number;
  readonly waiting: Timers;
  readonly late: Timers;
  /** Groups; the number of places is a power of 2. Marks count on. */
  ring: Int32Array;
  toClose: number;
  toFollow: number;
  end: number;
  /** The windows that end next, in order. */
  readonly turns: WindowTurn[];
  /** Late slices to close. */
  readonly over: number[];
}

const INITIAL_PLACES = 64;

export function createSliceTurns(sizeMs: number, allowedLatenessMs: number): SliceTurns {
  return {
    sizeMs,
    allowedLatenessMs,
    waiting: createTimers(),
    late: createTimers(),
    ring: new Int32Array(INITIAL_PLACES),
    toClose: 0,
    toFollow: 0,
    end: 0,
    turns: [],
    over: [],
  };
}

export function groupOfTurn(turn: WindowTurn): number {
  return turn >> 1;
}

export function isEndingTurn(turn: WindowTurn): boolean {
  return (turn & 1) === 0;
}

/** Has a new slice wait for the first turn that the watermark has not passed. */
export function awaitTurn(turns: SliceTurns, groups: Groups, slice: number, watermarkMs: number): void {
  const timeMs = numberOf(groups, slice, TIME_MS);
  const followingMs = timeMs + 1 + turns.sizeMs;
  if (timeMs > watermarkMs) addTimer(turns.waiting, timeMs, slice);
  else addTimer(turns.late, followingMs > watermarkMs ? followingMs : followingMs + turns.allowedLatenessMs, slice);
}

/** The earliest turn of all; Infinity when there is none. */
export function nextTurnMs(turns: SliceTurns, groups: Groups): number {
  const { ring, toClose, end, sizeMs, allowedLatenessMs } = turns;
  let nextMs = nextWindowMs(turns, groups);
  if (toClose !== end) {
    const closesMs = numberOf(groups, ring[toClose & (ring.length - 1)]!, TIME_MS) + 1 + sizeMs + allowedLatenessMs;
    if (closesMs < nextMs) nextMs = closesMs;
  }
  return nextMs;
}

function nextWindowMs({ waiting, late, ring, toFollow, end, sizeMs }: SliceTurns, groups: Groups): number {
  let nextMs = nextDeadlineMs(waiting);
  const lateMs = nextDeadlineMs(late);
  if (lateMs < nextMs) nextMs = lateMs;
  if (toFollow !== end) {
    const followingMs = numberOf(groups, ring[toFollow & (ring.length - 1)]!, TIME_MS) + 1 + sizeMs;
    if (followingMs < nextMs) nextMs = followingMs;
  }
  return nextMs;
}

/** Puts the windows that end next into `turns.turns`, when the watermark has reached their end. Returns whether it has. */
export function takeTurns(state: SliceTurns, groups: Groups, watermarkMs: number): boolean {
  const { waiting, late, sizeMs, allowedLatenessMs, turns } = state;
  const endMs = nextWindowMs(state, groups);
  turns.length = 0;
  if (endMs > watermarkMs || endMs === Number.POSITIVE_INFINITY) return false;
  for (; state.toFollow !== state.end; state.toFollow++) {
    const slice = state.ring[state.toFollow & (state.ring.length - 1)]!;
    if (numberOf(groups, slice, TIME_MS) + 1 + sizeMs !== endMs) break;
    turns.push(2 * slice + 1);
  }
  while (nextDeadlineMs(late) === endMs) {
    const slice = takeTimer(late);
    if (numberOf(groups, slice, TIME_MS) + 1 + sizeMs === endMs) turns.push(2 * slice + 1);
    if (numberOf(groups, slice, TIME_MS) + 1 + sizeMs + allowedLatenessMs <= watermarkMs) state.over.push(slice);
    else addTimer(late, endMs + allowedLatenessMs, slice);
  }
  const ending = turns.length;
  while (nextDeadlineMs(waiting) === endMs) turns.push(2 * takeTimer(waiting));
  sortByOrder(turns, groups);
  if (turns.length > ending) for (const turn of turns) if (isEndingTurn(turn)) addToRing(state, groupOfTurn(turn));
  return true;
}

/** A slice whose last turn the watermark has reached, and whose windows are over; NONE when there is none. */
export function takeOver(state: SliceTurns, groups: Groups, watermarkMs: number): number {
  const late = state.over.pop();
  if (late !== undefined) return late;
  if (state.toClose === state.toFollow) return NONE;
  const slice = state.ring[state.toClose & (state.ring.length - 1)]!;
  if (numberOf(groups, slice, TIME_MS) + 1 + state.sizeMs + state.allowedLatenessMs > watermarkMs) return NONE;
  state.toClose += 1;
  return slice;
}

function addToRing(state: SliceTurns, slice: number): void {
  if (state.end - state.toClose === state.ring.length) {
    const { ring, toClose, end } = state;
    state.ring = new Int32Array(2 * ring.length);
    for (let i = toClose; i < end; i++) state.ring[i & (state.ring.length - 1)] = ring[i & (ring.length - 1)]!;
  }
  state.ring[state.end & (state.ring.length - 1)] = slice;
  state.end += 1;
}

/** Few enough to be sorted in place, by insertion. */
const FEW = 24;

function sortByOrder(turns: WindowTurn[], groups: Groups): void {
  if (turns.length > FEW) {
    turns.sort((a, b) => orderOf(groups, a) - orderOf(groups, b));
    return;
  }
  for (let i = 1; i < turns.length; i++) {
    const turn = turns[i]!;
    const order = orderOf(groups, turn);
    let place = i;
    for (; place > 0 && orderOf(groups, turns[place - 1]!) > order; place--) turns[place] = turns[place - 1]!;
    turns[place] = turn;
  }
}

function orderOf(groups: Groups, turn: WindowTurn): number {
  return numberOf(groups, groupOfTurn(turn), ORDER);
}

export function numberOf({ rows, stride, own }: Groups, slice: number, place: number): number {
  return rows[slice * stride + own + place]!;
}
