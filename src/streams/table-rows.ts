/**
 * Groups of a table's rows as they are now: of each key the newest event counts, whose group it joins and whose former group it
 * leaves. A group's rows lie in the leaves of a tree, whose nodes have what is below them merged: a change costs some merges a
 * level, however many rows the group has, and no aggregate has to take anything back.
 *
 * A row is replaced by an event of its time or a later one, and is gone with a deletion or with an event that the condition does
 * not take. That is remembered: an older event changes nothing, whenever it comes. So the newest result of a group does not depend
 * on the order of arrival. Results come with the watermark, and with deletions, one for each group that has changed.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { keyText, keyValues } from '../messages/key-values.ts';
import { fieldKeyReader } from './field-key.ts';
import { emitGroup, takeBack, type WindowResults } from './group-results.ts';
import {
  closeGroup,
  foldEvent,
  type GroupState,
  type Groups,
  loadGroup,
  openForGroup,
  openForRow,
  REPORTED,
  REVISION,
  saveGroup,
} from './groups.ts';
import { type Key, type KeyColumn, keyAt } from './key-column.ts';
import { addGroup, createKeyIndex, findByGroup, findByRow, type KeyIndex, NONE } from './key-index.ts';
import { mergeGroups } from './merge-groups.ts';
import { END_OF_TIME_MS } from './watermark.ts';
import type { OpenWindows, WindowKind, WindowSpec } from './window-kind.ts';

/** The newest that is known of a key. */
interface Row {
  timeMs: number;
  /** The group of its event alone; NONE for a row that is gone. */
  leaf: number;
  tree: Tree | null;
  slot: number;
}

/** The rows of a group. Of each level above the leaves a node is the group of up to FAN_OUT ones below it. */
interface Tree {
  /** The group that has the key and counts the results. It is never closed: a group that comes back goes on. */
  readonly head: number;
  readonly levels: number[][];
  readonly free: number[];
  /** Leaves that changed since the nodes were merged, by slot. */
  readonly changed: Set<number>;
}

interface TableRows extends OpenWindows {
  readonly readKeys: (columns: Columns) => KeyColumn;
  /** Whether an event without sides is a deletion. */
  readonly deletes: boolean;
  readonly rows: Map<Key, Row>;
  readonly byKey: KeyIndex;
  readonly trees: Map<number, Tree>;
  /** Groups whose rows changed since they were given. */
  readonly news: Set<Tree>;
  keys: KeyColumn | null;
  columns: Columns | null;
  count: number;
}

const FAN_OUT = 16;
/** All results are of one window. */
const START_MS = 0;

export const tableRows: WindowKind<TableRows> = {
  own: 0,
  open,
  begin(state, columns) {
    state.keys = state.readKeys(columns);
    state.columns = columns;
  },
  add,
  drop: (state, row, timeMs) => take(state, keyOfRow(state, row), timeMs),
  remove: (state, key, timeMs) => take(state, key, timeMs),
  advance(state, watermarkMs, out) {
    state.watermarkMs = watermarkMs;
    // Before that there is no time that a result could be of.
    if (Number.isFinite(watermarkMs)) giveNews(state, watermarkMs, out);
  },
  flush: (state, out) => giveNews(state, END_OF_TIME_MS, out),
  snapshot,
  groupCount: ({ count }) => count,
  restore,
};

/** Throws when the windowing is of another kind. */
function open({ window }: WindowSpec, groups: Groups, schema: AvroRecord): TableRows {
  if (window.kind !== 'table') throw new Error(`${window.kind} windows are of events, and not of a table's rows`);
  return {
    groups,
    readKeys: fieldKeyReader(schema, window.key),
    deletes: window.deletes === true,
    rows: new Map(),
    byKey: createKeyIndex(),
    trees: new Map(),
    news: new Set(),
    keys: null,
    columns: null,
    count: 0,
    watermarkMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
  };
}

function keyOfRow({ keys }: TableRows, row: number): Key {
  return keys === null ? null : keyAt(keys, row);
}

function add(state: TableRows, row: number, timeMs: number): null {
  const key = keyOfRow(state, row);
  if (state.deletes && isDeletion(state.columns, row)) {
    take(state, key, timeMs);
    return null;
  }
  if (!take(state, key, timeMs)) return null;
  const { groups, byKey } = state;
  let head = findByRow(byKey, groups, row);
  if (head === NONE) {
    head = openForRow(groups, row);
    plant(state, head);
  }
  const leaf = openForRow(groups, row);
  foldEvent(groups, leaf, row, timeMs);
  put(state, state.rows.get(key)!, leaf, state.trees.get(head)!);
  return null;
}

function isDeletion(columns: Columns | null, row: number): boolean {
  const { left, right } = columns?.event(row) ?? {};
  return left === null && right === null;
}

function plant(state: TableRows, head: number): Tree {
  const tree: Tree = { head, levels: [[]], free: [], changed: new Set() };
  addGroup(state.byKey, state.groups, head);
  state.trees.set(head, tree);
  return tree;
}

/** What was of the key at this time or before is gone. False where something newer is known of it, or it is no key. */
function take(state: TableRows, key: Key, timeMs: number): boolean {
  if (key === null) return false;
  const known = state.rows.get(key);
  if (known === undefined) {
    state.rows.set(key, { timeMs, leaf: NONE, tree: null, slot: 0 });
    return true;
  }
  if (known.timeMs > timeMs) return false;
  known.timeMs = timeMs;
  const { leaf, tree, slot } = known;
  if (tree === null) return true;
  closeGroup(state.groups, leaf);
  tree.levels[0]![slot] = NONE;
  tree.free.push(slot);
  known.leaf = NONE;
  known.tree = null;
  state.count -= 1;
  note(state, tree, slot);
  return true;
}

function put(state: TableRows, row: Row, leaf: number, tree: Tree): void {
  const slot = tree.free.pop() ?? tree.levels[0]!.length;
  tree.levels[0]![slot] = leaf;
  row.leaf = leaf;
  row.tree = tree;
  row.slot = slot;
  state.count += 1;
  note(state, tree, slot);
}

function note(state: TableRows, tree: Tree, slot: number): void {
  tree.changed.add(slot);
  state.news.add(tree);
  state.nextDueMs = Number.NEGATIVE_INFINITY;
}

function giveNews(state: TableRows, atMs: number, out: WindowResults): void {
  for (const tree of state.news) give(state.groups, tree, atMs, out);
  state.news.clear();
  state.nextDueMs = Number.POSITIVE_INFINITY;
}

function give(groups: Groups, tree: Tree, atMs: number, out: WindowResults): void {
  const { head } = tree;
  const parts = mergedParts(groups, tree);
  if (parts.length === 0) {
    takeBack(groups, head, START_MS, END_OF_TIME_MS, atMs, out);
    return;
  }
  const whole = openForGroup(groups, head);
  mergeGroups(groups, whole, parts, 0, parts.length);
  copyResults(groups, whole, head);
  emitGroup(groups, whole, START_MS, END_OF_TIME_MS, atMs, out);
  copyResults(groups, head, whole);
  closeGroup(groups, whole);
}

function copyResults({ rows, stride }: Groups, to: number, from: number): void {
  rows[to * stride + REVISION] = rows[from * stride + REVISION]!;
  rows[to * stride + REPORTED] = rows[from * stride + REPORTED]!;
}

/** Merges what changed, level by level; returns the few groups at the top. */
function mergedParts(groups: Groups, { head, levels, changed }: Tree): number[] {
  let below = changed;
  for (let level = 1; levels[level - 1]!.length > FAN_OUT; level++) {
    const children = levels[level - 1]!;
    const isNew = levels[level] === undefined;
    const nodes = levels[level] ?? [];
    levels[level] = nodes;
    const touched = new Set<number>();
    if (isNew) for (let i = 0; i * FAN_OUT < children.length; i++) touched.add(i);
    else for (const child of below) touched.add(Math.floor(child / FAN_OUT));
    for (const node of touched) nodes[node] = merged(groups, head, children, node, nodes[node] ?? NONE);
    below = touched;
  }
  changed.clear();
  return (levels.at(-1) ?? []).filter((group) => group !== NONE);
}

function merged(groups: Groups, head: number, children: readonly number[], node: number, before: number): number {
  if (before !== NONE) closeGroup(groups, before);
  const own = children.slice(node * FAN_OUT, (node + 1) * FAN_OUT).filter((child) => child !== NONE);
  if (own.length === 0) return NONE;
  const group = openForGroup(groups, head);
  mergeGroups(groups, group, own, 0, own.length);
  return group;
}

/** The first of the numbers that a snapshot has of a group. */
const HEAD = 0;
const ROW = 1;
const GONE = 2;

/** A row's own key stands before what its aggregates have. */
function snapshot({ groups, rows, trees, news }: TableRows): GroupState[] {
  // The order in which news are given, from 1; 0 for a group without.
  const places = new Map(Array.from(news, (tree, i) => [tree, i + 1]));
  const heads = Array.from(trees.values(), (tree) => saveGroup(groups, tree.head, [HEAD, places.get(tree) ?? 0]));
  const all = Array.from(rows, ([key, { timeMs, leaf }]): GroupState => {
    if (leaf === NONE) return { ...NOTHING, times: [GONE, timeMs], objects: [keyText([key])] };
    const saved = saveGroup(groups, leaf, [ROW, timeMs]);
    return { ...saved, objects: [keyText([key]), ...saved.objects] };
  });
  return [...heads, ...all];
}

const NOTHING = { key: null, count: 0, revision: 0, reported: 0, numbers: [] };

function restore(state: TableRows, saved: readonly GroupState[]): void {
  const { groups, byKey, trees, rows, news } = state;
  const changed = new Map<number, Tree>();
  for (const one of saved) {
    const [kind, second = 0] = one.times;
    if (kind === HEAD) {
      const tree = plant(state, loadGroup(groups, one));
      if (second > 0) changed.set(second, tree);
      continue;
    }
    const [text = '[null]', ...objects] = one.objects;
    const [key] = keyValues(text);
    const row: Row = { timeMs: second, leaf: NONE, tree: null, slot: 0 };
    rows.set(typeof key === 'boolean' || key === undefined ? null : key, row);
    if (kind === GONE) continue;
    const leaf = loadGroup(groups, { ...one, objects });
    put(state, row, leaf, trees.get(findByGroup(byKey, groups, leaf))!);
  }
  news.clear();
  for (let place = 1; place <= changed.size; place++) news.add(changed.get(place)!);
  state.nextDueMs = news.size > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
