/**
 * Groups of events, by number: how many events each has, the states of its aggregates, and how many results it gave. No
 * object a group: columns, in which the numbers of closed groups are used again.
 */
import type { Column, Columns } from '../messages/columns.ts';
import type { WindowResult, WindowValue } from '../messages/window-result.ts';
import type { AggregateSpec } from './aggregate.ts';
import { type AggregateTable, definitionOf } from './aggregates.ts';
import type { States } from './states.ts';

export type Key = string | number | null;

/** Takes results one by one, and keeps none: the next one has its aggregates in the same object. */
export interface WindowResults {
  push(result: WindowResult): unknown;
}

export interface Groups {
  readonly aggregates: readonly AggregateSpec[];
  /** Of the aggregates, in their order. */
  readonly states: readonly States[];
  readonly names: readonly string[];
  /** In place of a result that is none: of a field that is never null nothing but NaNs may have come. */
  readonly ofNothing: readonly (number | null)[];
  readonly hasObjects: boolean;
  counts: Float64Array;
  /** Results so far. */
  revisions: Int32Array;
  /** Events in the last result. */
  reported: Float64Array;
  /** Numbers given out so far, closed ones included. */
  used: number;
  readonly closed: number[];
  /** Of the last result: an object that is made anew each time costs more than all else of a result. */
  readonly results: Record<string, WindowValue>;
}

/** A group, as a snapshot keeps it. */
export interface GroupState {
  key: Key;
  /** What its kind of window has to know of it. */
  times: number[];
  count: number;
  revision: number;
  reported: number;
  /** The states of aggregates of numbers, one after another, and those of the others. */
  numbers: number[];
  objects: string[];
}

const INITIAL_GROUPS = 64;

/** Throws when the table has not all of the aggregates. */
export function createGroups(aggregates: readonly AggregateSpec[], table: AggregateTable): Groups {
  const states = aggregates.map((spec) => definitionOf(spec, table).states(spec));
  const groups: Groups = {
    aggregates,
    states,
    names: aggregates.map(({ name }) => name),
    ofNothing: aggregates.map(({ isNullable }) => (isNullable === true ? null : Number.NaN)),
    hasObjects: states.some(({ kind }) => kind === 'objects'),
    counts: new Float64Array(0),
    revisions: new Int32Array(0),
    reported: new Float64Array(0),
    used: 0,
    closed: [],
    results: Object.fromEntries(aggregates.map(({ name }) => [name, Number.NaN])),
  };
  resize(groups, INITIAL_GROUPS);
  return groups;
}

/** The events whose rows fold() is told from now on. Throws when they lack a field that an aggregate reads. */
export function bindColumns({ aggregates, states }: Groups, columns: Columns): void {
  for (let i = 0; i < aggregates.length; i++) {
    const { fn, field, by } = aggregates[i]!;
    if (field === null) continue;
    const columnOf = (path: string): Column => {
      const found = columns.column(path);
      if (found === undefined) throw new Error(`${fn}() needs the field ${path}, which the events have not`);
      return found;
    };
    const column = columnOf(field);
    const own = states[i]!;
    if (own.kind === 'objects') own.bind(column, by === undefined ? null : columnOf(by));
    else if (column.kind === 'number') {
      own.values = column.values;
      own.nulls = column.nulls;
    } else throw new Error(`${fn}() needs a number, and the field ${field} is text`);
  }
}

export function groupCount({ used, closed }: Groups): number {
  return used - closed.length;
}

/** The number of a new group, of no events. */
export function openGroup(groups: Groups): number {
  const group = groups.closed.pop() ?? groups.used++;
  if (group === groups.counts.length) resize(groups, 2 * group);
  groups.counts[group] = 0;
  groups.revisions[group] = 0;
  groups.reported[group] = 0;
  const { states } = groups;
  for (let i = 0; i < states.length; i++) {
    const own = states[i]!;
    if (own.kind === 'numbers') {
      const { initial } = own.aggregate;
      for (let j = 0, at = group * own.width; j < initial.length; j++, at++) own.states[at] = initial[j]!;
    } else own.open(group);
  }
  return group;
}

export function closeGroup(groups: Groups, group: number): void {
  if (groups.hasObjects) for (const states of groups.states) if (states.kind === 'objects') states.close(group);
  groups.closed.push(group);
}

export function foldEvent(groups: Groups, group: number, row: number, timeMs: number): void {
  groups.counts[group]! += 1;
  const all = groups.states;
  for (let i = 0; i < all.length; i++) {
    const own = all[i]!;
    if (own.kind === 'objects') {
      own.fold(group, row, timeMs);
      continue;
    }
    const { values, nulls } = own;
    if (values === null || (nulls !== null && nulls[row] === 1)) continue;
    if (!Number.isNaN(values[row])) own.aggregate.fold(own.states, group * own.width, values, row);
  }
}

/** Adds the events of one group to another. */
export function mergeGroup(groups: Groups, into: number, from: number): void {
  groups.counts[into]! += groups.counts[from]!;
  for (const own of groups.states) {
    if (own.kind === 'objects') own.merge(into, from);
    else own.aggregate.merge(own.states, into * own.width, from * own.width);
  }
}

/** Adds the events of the groups from one place of a list to another; column by column, as they lie in memory. */
export function mergeGroups(groups: Groups, into: number, from: readonly number[], first: number, end: number): void {
  const { counts } = groups;
  for (let i = first; i < end; i++) counts[into]! += counts[from[i]!]!;
  for (const own of groups.states) {
    if (own.kind === 'objects') for (let i = first; i < end; i++) own.merge(into, from[i]!);
    else {
      const { aggregate, states, width } = own;
      if (width > 0) for (let i = first; i < end; i++) aggregate.merge(states, into * width, from[i]! * width);
    }
  }
}

/** Gives a result of a group, and counts it. */
export function emitGroup(
  groups: Groups,
  group: number,
  key: Key,
  start: number,
  end: number,
  at: number,
  out: WindowResults,
): void {
  give(groups, group, key, start, end, at, groups.revisions[group]!, out);
  groups.revisions[group]! += 1;
}

/**
 * Gives what a group has so far, when that is news. The revision is how many more such results may come, below 0: so each
 * replaces the one before, and that on time, of revision 0, does not depend on how often its watermark stopped before it.
 */
export function emitEarly(
  groups: Groups,
  group: number,
  key: Key,
  start: number,
  end: number,
  at: number,
  earlyMs: number,
  out: WindowResults,
): void {
  if (groups.counts[group] === groups.reported[group]) return;
  const timesLeft = Math.floor(end / earlyMs) - Math.floor((at + 1) / earlyMs);
  give(groups, group, key, start, end, at, -1 - timesLeft, out);
}

function give(
  groups: Groups,
  group: number,
  key: Key,
  start: number,
  end: number,
  at: number,
  revision: number,
  out: WindowResults,
): void {
  const { names, ofNothing, results } = groups;
  const count = groups.counts[group]!;
  for (let i = 0; i < names.length; i++) results[names[i]!] = resultOf(groups, group, i) ?? ofNothing[i]!;
  out.push({ key: key === null ? null : String(key), start, end, revision, at, count, aggregates: results });
  groups.reported[group] = count;
}

/** What one of the aggregates gives of a group. */
export function resultOf({ states, counts }: Groups, group: number, aggregate: number): WindowValue {
  const own = states[aggregate]!;
  return own.kind === 'numbers'
    ? own.aggregate.result(own.states, group * own.width, counts[group]!)
    : own.result(group);
}

/** The results of one group count as those of another. */
export function inheritResults(groups: Groups, into: number, from: number): void {
  groups.revisions[into] = Math.max(groups.revisions[into]!, groups.revisions[from]!);
  groups.reported[into] = groups.reported[from]!;
}

export function saveGroup(groups: Groups, group: number, key: Key, times: number[]): GroupState {
  const numbers: number[] = [];
  const objects: string[] = [];
  for (const own of groups.states) {
    if (own.kind === 'objects') objects.push(own.save(group));
    else for (let i = 0; i < own.width; i++) numbers.push(own.states[group * own.width + i]!);
  }
  const count = groups.counts[group]!;
  return { key, times, count, revision: groups.revisions[group]!, reported: groups.reported[group]!, numbers, objects };
}

/** Of the same aggregates as those that saved it. */
export function loadGroup(groups: Groups, { count, revision, reported, numbers, objects }: GroupState): number {
  const group = openGroup(groups);
  groups.counts[group] = count;
  groups.revisions[group] = revision;
  groups.reported[group] = reported;
  let [number, object] = [0, 0];
  for (const own of groups.states) {
    if (own.kind === 'objects') own.load(group, objects[object++] ?? '');
    else for (let i = 0; i < own.width; i++) own.states[group * own.width + i] = numbers[number++]!;
  }
  return group;
}

function resize(groups: Groups, size: number): void {
  groups.counts = grown(groups.counts, size);
  groups.reported = grown(groups.reported, size);
  const revisions = new Int32Array(size);
  revisions.set(groups.revisions);
  groups.revisions = revisions;
  for (const states of groups.states)
    if (states.kind === 'numbers') states.states = grown(states.states, size * states.width);
}

function grown(numbers: Float64Array, size: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(numbers);
  return larger;
}
