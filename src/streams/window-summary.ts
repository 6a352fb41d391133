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

const LISTS: ReadonlySet<string> = new Set(['collect', 'list_distinct']);

export function createSummary(spec: WindowSpec, schema: AvroRecord, table: AggregateTable): EventSummary {
  const slicing = slicingOf(spec.window);
  const input = windowInput(spec, schema);
  const groups = createGroups(spec.aggregates, table, 0);
  /** Of a part: its numbers, and at least a byte for each list and field. */
  const numbers = groups.states.reduce(
    (sum, own) => sum + (own.kind === 'numbers' ? own.aggregate.initial.length : 0),
    0,
  );
  const leastBytes = 8 * numbers + 6;
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
    begin(events, timesMs) {
      const { columns, keys } = input.begin(events, timesMs);
      bindColumns(groups, keys, columns);
    },
    add(row, timeMs, watermarkMs) {
      if (slice === null || timeMs < fromMs || timeMs >= toMs) slice = turnTo(timeMs);
      if (lastMs <= watermarkMs) return false;
      if (input.takes !== null) {
        const isTaken = takes(row);
        if (isTaken !== true) return isTaken === false;
      }
      foldEvent(groups, groupOf(groups, slice, row), row, timeMs);
      return true;
    },
    take(mostBytes) {
      const isMore = rowCount(groups) * leastBytes > mostBytes;
      const parts: WindowPart[] = [];
      for (const pane of slices.values()) {
        for (const group of isMore ? [] : pane.members) {
          const { key, count, numbers, objects } = saveGroup(groups, group, []);
          parts.push({ start: pane.start, key, count, numbers, objects });
        }
        closePane(groups, pane, spare);
      }
      slices.clear();
      slice = null;
      return isMore ? null : parts;
    },
  };
}
