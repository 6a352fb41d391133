/**
 * Groups of events, by number. A group has a key, a count of events, a count of results, numbers for its kind of window,
 * and the states of its aggregates. It is a row of numbers in one array and no object, so that an event reads one place of
 * memory and not one an aggregate.
 */
import type { Column, Columns } from '../messages/columns.ts';
import type { WindowValue } from '../messages/window-result.ts';
import { aggregateColumn } from './aggregate-columns.ts';
import type { AggregateSpec } from './aggregate-function.ts';
import { type AggregateTable, decimalFinish, definitionOf, resultField } from './aggregate-table.ts';
import type { FinishResult } from './computed-result.ts';
import { type ExactSums, loadSums, saveSums } from './exact-sum.ts';
import { type Key, type KeyColumn, keyAt } from './key-column.ts';
import { hashKeys, hashOf, isOtherKeyAt } from './key-hash.ts';
import { closeRow, createRowPool, openRow, type RowPool } from './row-pool.ts';
import { foldWide, type States } from './states.ts';

export interface Groups extends RowPool {
  readonly aggregates: readonly AggregateSpec[];
  /** The states of the aggregates, in their order. */
  readonly states: readonly States[];
  readonly names: readonly string[];
  /** Each aggregate's result without values. A field that is never null may need it too: all its values may be NaN. */
  readonly ofNothing: readonly (number | null)[];
  /** Readers that have to be called for a row before the row is folded. */
  readonly fills: ((row: number) => void)[];
  /** Turns an aggregate's result into a decimal; null where the result is given as it is. */
  readonly decimals: readonly (((value: WindowValue) => WindowValue) | null)[];
  readonly hasObjects: boolean;
  /** Where the numbers of the window's kind begin in a row. */
  readonly own: number;
  /** The few sums that two numbers of a row can't hold. */
  readonly exact: ExactSums;
  /** Keys that are not numbers, by group. */
  readonly otherKeys: Key[];
  /** The keys of the current events, and their hashes by row; null when every key is null. */
  eventKeys: KeyColumn | null;
  hashes: Int32Array;
  /** A sum that keeps V8 from dropping the reads ahead; it means nothing. */
  touched: number;
  /** Computes further results of a group, and says whether the results are given; null where they are given as they are. */
  finish: FinishResult | null;
  /** The aggregates of the last result, reused: a new object each time costs more than all the rest of a result. */
  readonly results: Record<string, WindowValue>;
}

/** A group, as a snapshot keeps it. */
export interface GroupState {
  key: Key;
  /** The numbers of its kind of window. */
  times: number[];
  count: number;
  revision: number;
  reported: number;
  /** The states of numeric aggregates one after another, the states of the others, and the sums beside the rows. */
  numbers: number[];
  objects: string[];
}

/** Places in a row. Behind them come the `own` numbers of the window's kind, then those of the aggregates. */
export const KEY = 0;
const HASH = 1;
export const COUNT = 2;
/** Results so far. */
export const REVISION = 3;
/** Events in the last result; below 0 when it was an early result. */
export const REPORTED = 4;
const OWN = 5;

/** `own` numbers of a group are for its kind of window. Throws when the table lacks one of the aggregates. */
export function createGroups(aggregates: readonly AggregateSpec[], table: AggregateTable, own: number): Groups {
  const states = aggregates.map((spec) => definitionOf(spec, table).states(spec));
  let stride = OWN + own;
  for (const each of states) {
    if (each.kind === 'objects') continue;
    each.offset = stride;
    stride += each.aggregate.initial.length;
  }
  // Written out: an object made by a spread has a shape of its own in V8, and the optimised code for the others is lost on it.
  const { rows, used, closed } = createRowPool(stride);
  return {
    rows,
    stride,
    used,
    closed,
    aggregates,
    states,
    names: aggregates.map(({ name }) => name),
    ofNothing: aggregates.map((spec) => (resultField(spec, table).type === 'double' ? Number.NaN : null)),
    fills: [],
    decimals: aggregates.map((spec) => decimalFinish(spec, table)),
    hasObjects: states.some(({ kind }) => kind === 'objects'),
    own: OWN,
    exact: new Map(),
    otherKeys: [],
    eventKeys: null,
    hashes: new Int32Array(0),
    touched: 0,
    finish: null,
    results: Object.fromEntries(aggregates.map(({ name }) => [name, Number.NaN])),
  };
}

/** Sets the events to which row numbers refer from now on, and their keys. Throws when they lack a field of an aggregate. */
export function bindColumns(groups: Groups, keys: KeyColumn | null, columns: Columns): void {
  const { aggregates, states } = groups;
  groups.eventKeys = keys;
  groups.fills.length = 0;
  if (groups.hashes.length < columns.count) groups.hashes = new Int32Array(columns.count);
  hashKeys(groups.eventKeys, columns.count, groups.hashes);
  for (let i = 0; i < aggregates.length; i++) {
    const { fn, field, by } = aggregates[i]!;
    if (field === null) continue;
    const columnOf = (path: string): Column => aggregateColumn(fn, path, columns, groups.fills);
    const column = columnOf(field);
    const own = states[i]!;
    if (own.kind === 'objects') own.bind(column, by === undefined ? null : columnOf(by));
    else if (column.kind === 'number') {
      own.values = column.values;
      own.exact = column.exact;
      own.nulls = column.nulls;
    } else if (own.aggregate.isOfAny === true) {
      own.values = new Float64Array(columns.count);
      own.exact = null;
      own.nulls = column.nulls;
    } else throw new Error(`${fn}() needs a number, and the field ${field} is none`);
  }
}

/** Opens a group without events, and returns its number. */
function openGroup(groups: Groups, key: Key, hash: number): number {
  const group = openRow(groups);
  const { states, stride, rows } = groups;
  const at = group * stride;
  if (typeof key === 'number') rows[at + KEY] = key + 0;
  else {
    rows[at + KEY] = Number.NaN;
    groups.otherKeys[group] = key;
  }
  rows[at + HASH] = hash;
  rows[at + COUNT] = 0;
  rows[at + REVISION] = 0;
  rows[at + REPORTED] = 0;
  for (let i = 0; i < states.length; i++) {
    const own = states[i]!;
    if (own.kind === 'numbers') {
      const { initial } = own.aggregate;
      for (let j = 0, to = at + own.offset; j < initial.length; j++, to++) rows[to] = initial[j]!;
    } else own.open(group);
  }
  return group;
}

export function openForKey(groups: Groups, key: Key): number {
  return openGroup(groups, key, hashOf(key));
}

/** A new group with the key of an event. */
export function openForRow(groups: Groups, row: number): number {
  return openGroup(groups, keyOfRow(groups, row), groups.hashes[row]!);
}

/** A new group with the key of another one. */
export function openForGroup(groups: Groups, other: number): number {
  return openGroup(groups, keyOfGroup(groups, other), hashOfGroup(groups, other));
}

export function closeGroup(groups: Groups, group: number): void {
  if (groups.hasObjects) for (const states of groups.states) if (states.kind === 'objects') states.close(group);
  if (groups.exact.size > 0) for (const at of sumsOf(groups, group)) groups.exact.delete(at);
  if (Number.isNaN(groups.rows[group * groups.stride + KEY])) groups.otherKeys[group] = null;
  closeRow(groups, group);
}

export function keyOfRow({ eventKeys }: Groups, row: number): Key {
  return eventKeys === null ? null : keyAt(eventKeys, row);
}

export function keyOfGroup({ rows, stride, otherKeys }: Groups, group: number): Key {
  const key = rows[group * stride + KEY]!;
  return Number.isNaN(key) ? otherKeys[group]! : key;
}

export function hashOfGroup({ rows, stride }: Groups, group: number): number {
  return rows[group * stride + HASH]!;
}

/** Whether a group has the key of an event. */
export function isKeyOfRow(groups: Groups, group: number, row: number): boolean {
  const { eventKeys } = groups;
  if (eventKeys === null || (eventKeys.nulls !== null && eventKeys.nulls[row] === 1)) {
    return keyOfGroup(groups, group) === null;
  }
  const key = groups.rows[group * groups.stride + KEY]!;
  if (!Number.isNaN(key)) return eventKeys.kind === 'number' && eventKeys.values[row] === key;
  return isOtherKeyAt(eventKeys, row, groups.otherKeys[group]!);
}

/** Whether two groups have the same key. */
export function isKeyOfGroup(groups: Groups, group: number, other: number): boolean {
  return Object.is(keyOfGroup(groups, group), keyOfGroup(groups, other));
}

export function eventsOf({ rows, stride }: Groups, group: number): number {
  return rows[group * stride + COUNT]!;
}

export function setRevision({ rows, stride }: Groups, group: number, revision: number): void {
  rows[group * stride + REVISION] = revision;
}

export function foldEvent(groups: Groups, group: number, row: number, timeMs: number): void {
  const { rows, states, exact, fills } = groups;
  const at = group * groups.stride;
  rows[at + COUNT]! += 1;
  for (let i = 0; i < fills.length; i++) fills[i]!(row);
  for (let i = 0; i < states.length; i++) {
    const own = states[i]!;
    if (own.kind === 'objects') {
      own.fold(group, row, timeMs);
      continue;
    }
    const { values, nulls } = own;
    if (values === null || (nulls !== null && nulls[row] === 1)) continue;
    if (own.exact !== null && foldWide(own, rows, at + own.offset, row, exact)) continue;
    // A number that is not finite, minus itself, is NaN.
    if (values[row]! - values[row]! === 0) own.aggregate.fold(rows, at + own.offset, values, row, exact);
  }
}

export function saveGroup(groups: Groups, group: number, times: number[]): GroupState {
  const { rows } = groups;
  const at = group * groups.stride;
  const numbers: number[] = [];
  const objects: string[] = [];
  for (const own of groups.states) {
    if (own.kind === 'objects') objects.push(own.save(group));
    else for (let i = 0; i < own.aggregate.initial.length; i++) numbers.push(rows[at + own.offset + i]!);
  }
  if (groups.exact.size > 0) objects.push(...saveSums(rows, sumsOf(groups, group), groups.exact));
  const [count, revision, reported] = [rows[at + COUNT]!, rows[at + REVISION]!, rows[at + REPORTED]!];
  return { key: keyOfGroup(groups, group), times, count, revision, reported, numbers, objects };
}

/** Loads a group that was saved with the same aggregates. */
export function loadGroup(groups: Groups, saved: GroupState): number {
  const { key, count, revision, reported, numbers, objects } = saved;
  const group = openForKey(groups, key);
  const { rows } = groups;
  const at = group * groups.stride;
  rows[at + COUNT] = count;
  rows[at + REVISION] = revision;
  rows[at + REPORTED] = reported;
  let [number, object] = [0, 0];
  for (const own of groups.states) {
    if (own.kind === 'objects') own.load(group, objects[object++] ?? '');
    else for (let i = 0; i < own.aggregate.initial.length; i++) rows[at + own.offset + i] = numbers[number++]!;
  }
  if (object < objects.length) loadSums(rows, sumsOf(groups, group), objects.slice(object), groups.exact);
  return group;
}

/** Where the sums of a group's aggregates begin: the first of each aggregate, in their order, then all others. */
function sumsOf({ states, stride }: Groups, group: number): number[] {
  const at = group * stride;
  const numbers = states.flatMap((own) => (own.kind === 'numbers' ? own : []));
  return [
    ...numbers.map(({ offset }) => at + offset),
    ...numbers.flatMap(({ aggregate, offset }) => (aggregate.sums ?? []).slice(1).map((sum) => at + offset + sum)),
  ];
}
