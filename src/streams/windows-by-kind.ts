/** Windows of any kind: columns in, results out. */
import type { AvroRecord } from '../messages/avro.ts';
import { compileCondition, languageOf } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import { AGGREGATES, type AggregateTable } from './aggregate-table.ts';
import { alignedWindows } from './aligned-windows.ts';
import { countWindows } from './count-windows.ts';
import { keyReader } from './group-key.ts';
import { bindColumns, createGroups, groupCount } from './groups.ts';
import { createView, viewSchema } from './selection.ts';
import { sessionWindows } from './session-windows.ts';
import { slidingWindows } from './sliding-windows.ts';
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
  }
}

function operate<State extends OpenWindows>(
  kind: WindowKind<State>,
  spec: WindowSpec,
  schema: AvroRecord,
  table: AggregateTable,
): WindowOperator {
  const readKeys = keyReader(spec.keyField);
  let state = kind.open(spec, createGroups(spec.aggregates, table, kind.own));
  const view = spec.of === undefined ? null : createView(spec.of);
  const seen = spec.of === undefined ? schema : viewSchema(spec.of);
  const condition =
    spec.where === null ? null : compileCondition(spec.where, seen, languageOf(spec.language, [spec.where], seen));
  let rows = 0;
  let aheadTo = 0;
  let isTaken: ((row: number) => boolean) | null = null;
  return {
    spec,
    begin(events, timesMs, watermarkMs) {
      const columns = view === null ? events : view.begin(events, timesMs);
      bindColumns(state.groups, readKeys(columns), columns);
      rows = columns.count;
      aheadTo = 0;
      isTaken = condition === null ? null : bindCondition(condition, columns);
      // One that is new to a partition has not seen the watermark advance.
      if (watermarkMs > state.watermarkMs) state.watermarkMs = watermarkMs;
      return columns;
    },
    add(row, timeMs, out) {
      if (row === aheadTo) {
        aheadTo = Math.min(row + READ_AHEAD, rows);
        kind.readAhead?.(state, row, aheadTo);
      }
      if (view !== null && !view.takes(row)) return null;
      if (isTaken !== null && !isTaken(row)) return null;
      return kind.add(state, row, timeMs, out);
    },
    advance(watermarkMs, out) {
      if (watermarkMs < state.nextDueMs) state.watermarkMs = watermarkMs;
      else kind.advance(state, watermarkMs, out);
    },
    flush: (out) => kind.flush(state, out),
    snapshot: () => ({ watermarkMs: state.watermarkMs, groups: kind.snapshot(state) }),
    restore({ watermarkMs, groups }) {
      state = kind.open(spec, createGroups(spec.aggregates, table, kind.own));
      state.watermarkMs = watermarkMs;
      kind.restore(state, groups);
    },
    keyCount: () => groupCount(state.groups),
  };
}
