/** Windows of any kind: columns in, results out. */
import type { AvroRecord } from '../messages/avro.ts';
import { AGGREGATES, type AggregateTable } from './aggregate-table.ts';
import { alignedWindows } from './aligned-windows.ts';
import { countWindows } from './count-windows.ts';
import { bindColumns, createGroups, type Groups } from './groups.ts';
import { resultFinisher } from './result-expressions.ts';
import { rowCount } from './row-pool.ts';
import { sessionWindows } from './session-windows.ts';
import { slidingWindows } from './sliding-windows.ts';
import { tableRows } from './table-rows.ts';
import { schemaSeen, windowInput } from './window-input.ts';
import type { OpenWindows, WindowKind, WindowOperator, WindowSpec } from './window-kind.ts';

/** Rows whose groups are read ahead of their events: few enough that all of it stays in the first cache. */
const READ_AHEAD = 64;

/** Of events of the schema. Throws when the table has not all of its aggregates. */
export function createWindows(
  spec: WindowSpec,
  schema: AvroRecord,
  table: AggregateTable = AGGREGATES,
): WindowOperator {
  switch (spec.window.kind) {
    case 'tumbling':
    case 'hopping':
      return operate(alignedWindows, spec, schema, table);
    case 'sliding':
      return operate(slidingWindows, spec, schema, table);
    case 'session':
      return operate(sessionWindows, spec, schema, table);
    case 'count':
      return operate(countWindows, spec, schema, table);
    case 'table':
      return operate(tableRows, spec, schema, table);
  }
}

function operate<State extends OpenWindows>(
  kind: WindowKind<State>,
  spec: WindowSpec,
  schema: AvroRecord,
  table: AggregateTable,
): WindowOperator {
  const input = windowInput(spec, schema);
  const { takes, sees } = input;
  const seen = schemaSeen(spec, schema);
  const finish = resultFinisher(spec, seen, table);
  function groupsAnew(): Groups {
    const groups = createGroups(spec.aggregates, table, kind.own);
    groups.finish = finish;
    return groups;
  }
  let state = kind.open(spec, groupsAnew(), seen);
  let rows = 0;
  let aheadTo = 0;
  /** What it does not take, and what it throws on, may have been a row. */
  function isTaken(takesRow: (row: number) => boolean, row: number, timeMs: number): boolean {
    if (sees !== null && !sees(row)) return false;
    let is = false;
    try {
      is = takesRow(row);
    } finally {
      if (!is) kind.drop?.(state, row, timeMs);
    }
    return is;
  }

  return {
    spec,
    begin(events, timesMs, watermarkMs) {
      const { columns, keys } = input.begin(events, timesMs);
      bindColumns(state.groups, keys, columns);
      kind.begin?.(state, columns);
      rows = columns.count;
      aheadTo = 0;
      // One that is new to a partition has not seen the watermark advance.
      if (watermarkMs > state.watermarkMs) state.watermarkMs = watermarkMs;
      return columns;
    },
    add(row, timeMs, out) {
      if (row === aheadTo) {
        aheadTo = Math.min(row + READ_AHEAD, rows);
        kind.readAhead?.(state, row, aheadTo);
      }
      if (takes !== null && !isTaken(takes, row, timeMs)) return null;
      return kind.add(state, row, timeMs, out);
    },
    remove: (key, timeMs) => kind.remove?.(state, key, timeMs),
    advance(watermarkMs, out) {
      if (watermarkMs < state.nextDueMs) state.watermarkMs = watermarkMs;
      else kind.advance(state, watermarkMs, out);
    },
    flush: (out) => kind.flush(state, out),
    merge(parts) {
      if (kind.merge === undefined) throw new Error(`${spec.window.kind} windows are not told parts`);
      kind.merge(state, parts);
    },
    snapshot: () => ({ watermarkMs: state.watermarkMs, groups: kind.snapshot(state) }),
    restore({ watermarkMs, groups }) {
      state = kind.open(spec, groupsAnew(), seen);
      state.watermarkMs = watermarkMs;
      kind.restore(state, groups);
    },
    keyCount: () => kind.groupCount?.(state) ?? rowCount(state.groups),
  };
}
