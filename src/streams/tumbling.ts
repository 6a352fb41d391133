/**
 * Tumbling windows over keyed event time, as Flink defines them: [start, end) fires when the watermark reaches
 * end − 1, fires again for each late event within the allowed lateness, and is forgotten after that.
 *
 * State is a pane a window start: a slot index a key, and one array of numbers for all slots of the pane.
 */
import { LONG_MAX } from '../messages/avro.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import type { WindowResult } from '../messages/streams.ts';
import { type AggregateSpec, aggregateResult, foldValue, numberField } from './aggregates.ts';

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

export interface WindowOperator {
  readonly spec: TumblingSpec;
  /** Adds an event that came under `watermarkMs`. Returns how late it is when its window is gone, else null. */
  add(event: DynamicEvent, eventTimeMs: number, watermarkMs: number, out: WindowResult[]): LateArrival | null;
  /** Fires what the watermark has reached, in order of window start, and drops what is past its lateness. */
  advance(watermarkMs: number, out: WindowResult[]): void;
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
  const readers = aggregates.map(({ field }) => (field === null ? null : numberField(field)));
  const panes = new Map<number, Pane>();
  let latestPane: Pane | undefined;
  // No pane fires or is dropped before the watermark reaches this: one comparison an event, most of the time.
  let nextDueMs = Number.POSITIVE_INFINITY;

  const dueMs = (pane: Pane): number => pane.start + sizeMs - 1 + (pane.fired ? allowedLatenessMs : 0);
  const findDue = (): void => {
    nextDueMs = Number.POSITIVE_INFINITY;
    for (const pane of panes.values()) nextDueMs = Math.min(nextDueMs, dueMs(pane));
  };

  function openPane(start: number, fired: boolean): Pane {
    const pane = { start, fired, index: new Map<Key, number>(), slots: [] };
    panes.set(start, pane);
    nextDueMs = Math.min(nextDueMs, dueMs(pane));
    return pane;
  }

  function slotOf(pane: Pane, key: Key): number {
    const known = pane.index.get(key);
    if (known !== undefined) return known;
    const at = pane.index.size * stride;
    for (let i = 0; i < stride; i++) pane.slots.push(0);
    pane.index.set(key, at);
    return at;
  }

  function emit(pane: Pane, key: Key, at: number, firedAtMs: number, out: WindowResult[]): void {
    const { slots } = pane;
    const count = slots[at + COUNT]!;
    const values: Record<string, number> = {};
    for (let i = 0; i < aggregates.length; i++) {
      const { name, fn } = aggregates[i]!;
      values[name] = aggregateResult(fn, slots[at + FIRST_AGGREGATE + i]!, count);
    }
    out.push({
      window: spec.name,
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
    add(event, eventTimeMs, watermarkMs, out) {
      const start = windowStart(eventTimeMs, sizeMs, offsetMs);
      const key = keyField === null ? null : keyOf(event, keyField);
      const lastMs = start + sizeMs - 1;
      if (lastMs + allowedLatenessMs <= watermarkMs) {
        return { key, latenessMs: Math.min(watermarkMs - lastMs, LONG_MAX) };
      }
      let pane = latestPane;
      if (pane === undefined || pane.start !== start) {
        pane = panes.get(start) ?? openPane(start, lastMs <= watermarkMs);
        latestPane = pane;
      }
      const at = slotOf(pane, key);
      const earlier = pane.slots[at + COUNT]!;
      for (let i = 0; i < readers.length; i++) {
        const read = readers[i]!;
        if (read !== null) foldValue(aggregates[i]!.fn, pane.slots, at + FIRST_AGGREGATE + i, read(event), earlier);
      }
      pane.slots[at + COUNT] = earlier + 1;
      if (pane.fired) emit(pane, key, at, eventTimeMs, out);
      return null;
    },
    advance(watermarkMs, out) {
      if (watermarkMs < nextDueMs) return;
      const due = [...panes.values()].filter((pane) => dueMs(pane) <= watermarkMs).sort((a, b) => a.start - b.start);
      for (const pane of due) {
        if (!pane.fired) {
          pane.fired = true;
          for (const [key, at] of pane.index) emit(pane, key, at, watermarkMs, out);
        }
        if (dueMs(pane) <= watermarkMs) {
          panes.delete(pane.start);
          if (latestPane === pane) latestPane = undefined;
        }
      }
      findDue();
    },
    snapshot: () =>
      [...panes.values()].map((pane) => ({
        window: spec.name,
        start: pane.start,
        fired: pane.fired,
        entries: [...pane.index].map(([key, at]) => ({ key, slots: pane.slots.slice(at, at + stride) })),
      })),
    restore(states) {
      panes.clear();
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
      let keys = 0;
      for (const pane of panes.values()) keys += pane.index.size;
      return keys;
    },
  };
}

/** A key that is neither a number nor a string groups by its JSON text. */
function keyOf(event: DynamicEvent, field: string): Key {
  const key = event[field];
  if (typeof key === 'number' || typeof key === 'string' || key === null) return key;
  return JSON.stringify(key) ?? null;
}
