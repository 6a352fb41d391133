/** Windows of any kind: columns in, results out. */
import type { AvroRecord } from '../messages/avro.ts';
import { compileCondition, languageOf } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import { AGGREGATES, type AggregateTable } from './aggregate-table.ts';
import { alignedWindows } from './aligned-windows.ts';
import { computedColumns } from './computed-columns.ts';
import { countWindows } from './count-windows.ts';
import { fieldAt } from './field-type.ts';
import { keyReader, keyTexts } from './group-key.ts';
import { bindColumns, createGroups, type Groups } from './groups.ts';
import { resultFinisher } from './result-expressions.ts';
import { rowCount } from './row-pool.ts';
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

/** What the groups read of an event: fields, and expressions. */
function textsOf({ keyField, aggregates }: WindowSpec): string[] {
  return [...keyTexts(keyField), ...aggregates.flatMap(({ field, by }) => [field ?? [], by ?? []].flat())];
}

/** Of the events as the windows see them. */
function schemaSeen({ of }: WindowSpec, schema: AvroRecord): AvroRecord {
  return of === undefined ? schema : viewSchema(of);
}

/** Whether an expression may fail on an event. */
export function mayFail(spec: WindowSpec, schema: AvroRecord): boolean {
  const seen = schemaSeen(spec, schema);
  return spec.where !== null || textsOf(spec).some((text) => fieldAt(seen, text) === undefined);
}

function operate<State extends OpenWindows>(
  kind: WindowKind<State>,
  spec: WindowSpec,
  schema: AvroRecord,
  table: AggregateTable,
): WindowOperator {
  const readKeys = keyReader(spec.keyField);
  const seen = schemaSeen(spec, schema);
  const finish = resultFinisher(spec, seen, table);
  const groupsAnew = (): Groups => ({ ...createGroups(spec.aggregates, table, kind.own), finish });
  let state = kind.open(spec, groupsAnew());
  const view = spec.of === undefined ? null : createView(spec.of);
  const where =
    spec.where === null
      ? null
      : compileCondition(spec.where, seen, languageOf(spec.language, [spec.where], seen), spec.functions);
  const computed = computedColumns(textsOf(spec), seen, spec.functions);
  let rows = 0;
  let aheadTo = 0;
  let isTaken: ((row: number) => boolean) | null = null;
  return {
    spec,
    begin(events, timesMs, watermarkMs) {
      const own = view === null ? events : view.begin(events, timesMs);
      const condition = where === null ? null : bindCondition(where, own);
      const takes = (row: number): boolean => view === null || view.takes(row);
      const columns = computed?.begin(own, condition === null ? takes : (row) => takes(row) && condition(row)) ?? own;
      isTaken = computed?.takes ?? condition;
      bindColumns(state.groups, readKeys(columns), columns);
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
      state = kind.open(spec, groupsAnew());
      state.watermarkMs = watermarkMs;
      kind.restore(state, groups);
    },
    keyCount: () => rowCount(state.groups),
  };
}
