/**
 * Tumbling windows over keyed event time, as Flink defines them: [start, end) fires when the watermark reaches
 * end − 1, fires again for each late event within the allowed lateness, and is forgotten after that.
 *
 * State is a pane a window start: a slot index a key, and one array of numbers for all slots of the pane.
 */
import { LONG_MAX } from '../messages/avro.ts';
import { type Column, type Columns, textAt } from '../messages/columns.ts';
import type { WindowResult } from '../messages/window-result.ts';
import { type AggregateSpec, aggregateResult, foldValue } from './aggregates.ts';

export type Key = string | number | null;

export interface TumblingSpec {
  readonly name: string;
  /** Field of the grouping key; null for one group over the whole partition. */
  readonly keyField: string | null;
  readonly sizeMs: number;
  readonly offsetMs: number;
  readonly allowedLatenessMs: number;
  readonly aggregates: readonly AggregateSpec[];
}

/** A pane, as a snapshot keeps it. Slots: count, results so far, then one an aggregate. */
export interface PaneState {
  window: string;
  start: number;
  fired: boolean;
  entries: { key: Key; slots: number[] }[];
}

export interface LateArrival {
  readonly key: Key;
  readonly latenessMs: number;
}

/** Takes results one by one. */
export interface WindowResults {
  push(result: WindowResult): unknown;
}

export interface WindowOperator {
  readonly spec: TumblingSpec;
  /** The events whose rows add() is told from now on. Throws when they lack a field that the window reads. */
  begin(columns: Columns): void;
  /** Adds an event that came under `watermarkMs`. Returns how late it is when its window is gone, else null. */
  add(row: number, eventTimeMs: number, watermarkMs: number, out: WindowResults): LateArrival | null;
  /** Fires what the watermark has reached, in order of window start, and drops what is past its lateness. */
  advance(watermarkMs: number, out: WindowResults): void;
  snapshot(): PaneState[];
  restore(panes: readonly PaneState[]): void;
  /** Keys in open panes. */
  keyCount(): number;
}

interface Pane {
  readonly start: number;
  fired: boolean;
  readonly index: Map<Key, number>;
  /** Never holds anything but numbers, so the engine keeps them unboxed. */
  readonly slots: number[];
}

const COUNT = 0;
const RESULTS = 1;
const FIRST_AGGREGATE = 2;

/** Start of the window that holds `timestampMs`; right for negative times and any offset. */
export function windowStart(timestampMs: number, sizeMs: number, offsetMs: number): number {
  const remainder = (timestampMs - offsetMs) % sizeMs;
  return timestampMs - (remainder < 0 ? remainder + sizeMs : remainder);
}

export function createTumblingWindows(spec: TumblingSpec): WindowOperator {
  const { sizeMs, offsetMs, allowedLatenessMs, aggregates, keyField } = spec;
  const stride = FIRST_AGGREGATE + aggregates.length;
  /** In order of start. */
  let panes: Pane[] = [];
  let latestPane: Pane | undefined;
  // No pane fires or is dropped before the watermark reaches this: one comparison an event, most of the time.
  let nextDueMs = Number.POSITIVE_INFINITY;
  let keys: Column | null = null;
  let inputs: (Float64Array | null)[] = [];

  const dueMs = (pane: Pane): number => pane.start + sizeMs - 1 + (pane.fired ? allowedLatenessMs : 0);
  const findDue = (): void => {
    nextDueMs = Number.POSITIVE_INFINITY;
    for (const pane of panes) nextDueMs = Math.min(nextDueMs, dueMs(pane));
  };

  function openPane(start: number, fired: boolean): Pane {
    const pane = { start, fired, index: new Map<Key, number>(), slots: [] };
    let place = panes.length;
    while (place > 0 && panes[place - 1]!.start > start) place -= 1;
    panes.splice(place, 0, pane);
    nextDueMs = Math.min(nextDueMs, dueMs(pane));
    return pane;
  }

  function paneOf(start: number, fired: boolean): Pane {
    for (let i = panes.length - 1; i >= 0; i--) if (panes[i]!.start === start) return panes[i]!;
    return openPane(start, fired);
  }

  function slotOf(pane: Pane, key: Key): number {
    const known = pane.index.get(key);
    if (known !== undefined) return known;
    const at = pane.index.size * stride;
    for (let i = 0; i < stride; i++) pane.slots.push(0);
    pane.index.set(key, at);
    return at;
  }

  function emit(pane: Pane, key: Key, at: number, firedAtMs: number, out: WindowResults): void {
    const { slots } = pane;
    const count = slots[at + COUNT]!;
    const values: Record<string, number> = {};
    for (let i = 0; i < aggregates.length; i++) {
      const { name, fn } = aggregates[i]!;
      values[name] = aggregateResult(fn, slots[at + FIRST_AGGREGATE + i]!, count);
    }
    out.push({
      key: key === null ? null : String(key),
      start: pane.start,
      end: pane.start + sizeMs,
      revision: slots[at + RESULTS]!,
      at: firedAtMs,
      count,
      aggregates: values,
    });
    slots[at + RESULTS]! += 1;
  }

  return {
    spec,
    begin(columns) {
      keys = keyField === null ? null : columnOf(columns, keyField);
      inputs = aggregates.map(({ field }) => (field === null ? null : columns.numbers(field)));
    },
    add(row, eventTimeMs, watermarkMs, out) {
      const start = windowStart(eventTimeMs, sizeMs, offsetMs);
      const key = keys === null ? null : keyAt(keys, row);
      const lastMs = start + sizeMs - 1;
      if (lastMs + allowedLatenessMs <= watermarkMs) {
        return { key, latenessMs: Math.min(watermarkMs - lastMs, LONG_MAX) };
      }
      let pane = latestPane;
      if (pane === undefined || pane.start !== start) {
        pane = paneOf(start, lastMs <= watermarkMs);
        latestPane = pane;
      }
      const at = slotOf(pane, key);
      const { slots } = pane;
      const earlier = slots[at + COUNT]!;
      for (let i = 0; i < inputs.length; i++) {
        const input = inputs[i]!;
        if (input !== null) foldValue(aggregates[i]!.fn, slots, at + FIRST_AGGREGATE + i, input[row]!, earlier);
      }
      slots[at + COUNT] = earlier + 1;
      if (pane.fired) emit(pane, key, at, eventTimeMs, out);
      return null;
    },
    advance(watermarkMs, out) {
      if (watermarkMs < nextDueMs) return;
      let dropped = 0;
      for (const pane of panes) {
        if (pane.start + sizeMs - 1 > watermarkMs) break;
        if (!pane.fired) {
          pane.fired = true;
          for (const [key, at] of pane.index) emit(pane, key, at, watermarkMs, out);
        }
        if (dueMs(pane) > watermarkMs) continue;
        dropped += 1;
        if (latestPane === pane) latestPane = undefined;
      }
      if (dropped > 0) panes.splice(0, dropped);
      findDue();
    },
    snapshot: () =>
      panes.map((pane) => ({
        window: spec.name,
        start: pane.start,
        fired: pane.fired,
        entries: [...pane.index].map(([key, at]) => ({ key, slots: pane.slots.slice(at, at + stride) })),
      })),
    restore(states) {
      panes = [];
      latestPane = undefined;
      for (const state of states) {
        if (state.window !== spec.name) continue;
        const pane = openPane(state.start, state.fired);
        for (const { key, slots } of state.entries) {
          const at = slotOf(pane, key);
          for (const [i, slot] of slots.entries()) pane.slots[at + i] = slot;
        }
      }
      findDue();
    },
    keyCount() {
      let count = 0;
      for (const pane of panes) count += pane.index.size;
      return count;
    },
  };
}

function columnOf(columns: Columns, field: string): Column {
  const column = columns.column(field);
  if (column === undefined) throw new Error(`The field ${field} can't be a key: it is neither a number nor a text`);
  return column;
}

function keyAt(column: Column, row: number): Key {
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  return column.kind === 'number' ? column.values[row]! : textAt(column, row);
}
