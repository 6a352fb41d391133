/**
 * Sums up the events of a window by slice and key, where its aggregates merge: what a partition that takes its events from
 * other logs keeps in place of them. Events that may be late are left to the window, which decides on them one by one.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { WindowPart } from '../messages/window-parts.ts';
import { SqlError } from '../sql/value.ts';
import type { AggregateTable } from './aggregate-table.ts';
import { bindColumns, createGroups, foldEvent, saveGroup } from './groups.ts';
import type { EventSummary } from './operator.ts';
import { closePane, groupOf, openPane, type Pane } from './panes.ts';
import { rowCount } from './row-pool.ts';
import { lastOf, oldestWindow, sliceStart, slicingOf } from './slicing.ts';
import { windowInput } from './window-input.ts';
import type { WindowSpec } from './window-kind.ts';

/**
 * Whether a window takes sums in place of events. An early result says what came up to its time, so it needs the events one
 * by one; a list would be as long as they are.
 */
export function canSumUp({
  window,
  earlyMs,
  aggregates,
}: Pick<WindowSpec, 'window' | 'earlyMs' | 'aggregates'>): boolean {
  if (window.kind !== 'tumbling' && window.kind !== 'hopping') return false;
  return earlyMs === null && !aggregates.some(({ fn }) => LISTS.has(fn));
}

/** A part costs as much as some events do: sums of fewer are not worth it. */
const EVENTS_A_PART = 8;

const LISTS: ReadonlySet<string> = new Set(['collect', 'list', 'list_distinct']);

export function createSummary(spec: WindowSpec, schema: AvroRecord, table: AggregateTable): EventSummary {
  const slicing = slicingOf(spec.window);
  const input = windowInput(spec, schema);
  const groups = createGroups(spec.aggregates, table, 0);
  let events = 0;
  const slices = new Map<number, Pane>();
  const spare: Pane[] = [];
  /** The slice of the last event, its instants, and the last instant of its oldest window. */
  let slice: Pane | null = null;
  let [fromMs, toMs, lastMs] = [0, 0, 0];

  function turnTo(timeMs: number): Pane {
    const start = sliceStart(slicing, timeMs);
    const pane = slices.get(start) ?? openPane(spare, start);
    slices.set(start, pane);
    fromMs = slicing.clock.instant(start);
    toMs = slicing.clock.instant(start + slicing.sliceMs);
    lastMs = lastOf(slicing, oldestWindow(slicing, start));
    return pane;
  }
  function takes(row: number): boolean | null {
    try {
      return input.takes === null || input.takes(row);
    } catch (error) {
      if (error instanceof SqlError) return null;
      throw error;
    }
  }

  return {
    begin(own, timesMs) {
      if (spanMs(timesMs) * EVENTS_A_PART > own.count * slicing.sliceMs) return false;
      const { columns, keys } = input.begin(own, timesMs);
      bindColumns(groups, keys, columns);
      return true;
    },
    add(row, timeMs, watermarkMs) {
      if (slice === null || timeMs < fromMs || timeMs >= toMs) slice = turnTo(timeMs);
      if (lastMs <= watermarkMs) return false;
      if (input.takes !== null) {
        const isTaken = takes(row);
        if (isTaken !== true) return isTaken === false;
      }
      events += 1;
      foldEvent(groups, groupOf(groups, slice, row), row, timeMs);
      return true;
    },
    take() {
      const isWorth = rowCount(groups) * EVENTS_A_PART <= events;
      events = 0;
      const parts: WindowPart[] = [];
      for (const pane of slices.values()) {
        for (const group of isWorth ? pane.members : []) {
          const { key, count, numbers, objects } = saveGroup(groups, group, []);
          parts.push({ start: pane.start, key, count, numbers, objects });
        }
        closePane(groups, pane, spare);
      }
      slices.clear();
      slice = null;
      return isWorth ? parts : null;
    },
  };
}

function spanMs(timesMs: Float64Array): number {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < timesMs.length; i++) {
    const timeMs = timesMs[i]!;
    if (timeMs < fromMs) fromMs = timeMs;
    if (timeMs > toMs) toMs = timeMs;
  }
  return toMs - fromMs;
}
