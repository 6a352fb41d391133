/** The events of a window as it sees them: through its derived stream, with computed columns, those that it takes. */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { compileCondition, languageOf } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import { columnsByText } from './columns-by-text.ts';
import { fieldAt } from './field-type.ts';
import { keyReader, keyTexts } from './group-key.ts';
import type { KeyColumn } from './key-column.ts';
import { createView, viewSchema } from './selection.ts';
import type { WindowSpec } from './window-kind.ts';

export interface WindowInput {
  /** Whether the derived stream that the window is of has a row; null where it is of the stream itself. */
  readonly sees: ((row: number) => boolean) | null;
  /** Throws when the events lack a field. Good until the next call. */
  begin(events: Columns, timesMs: Float64Array): { readonly columns: Columns; readonly keys: KeyColumn | null };
  /** Whether the window takes a row; null where it takes all. Throws the SqlError of a row that an expression fails on. */
  readonly takes: ((row: number) => boolean) | null;
}

/** What the groups read of an event: fields, and expressions. */
function textsOf({ keyField, aggregates }: WindowSpec): string[] {
  return [...keyTexts(keyField), ...aggregates.flatMap(({ field, by }) => [field ?? [], by ?? []].flat())];
}

/** Of the events as the window sees them. */
export function schemaSeen({ of }: WindowSpec, schema: AvroRecord): AvroRecord {
  return of === undefined ? schema : viewSchema(of);
}

/** Whether an expression may fail on an event. */
export function mayFail(spec: WindowSpec, schema: AvroRecord): boolean {
  const seen = schemaSeen(spec, schema);
  return spec.where !== null || textsOf(spec).some((text) => fieldAt(seen, text) === undefined);
}

/** Of events of the schema. */
export function windowInput(spec: WindowSpec, schema: AvroRecord): WindowInput {
  const readKeys = keyReader(spec.keyField);
  const seen = schemaSeen(spec, schema);
  const view = spec.of === undefined ? null : createView(spec.of);
  const where =
    spec.where === null
      ? null
      : compileCondition(spec.where, seen, languageOf(spec.language, [spec.where], seen), spec.functions);
  const computed = columnsByText(textsOf(spec), seen, spec.functions);
  let isTaken: ((row: number) => boolean) | null = null;
  const takes = (row: number): boolean => {
    if (view !== null && !view.takes(row)) return false;
    return isTaken === null || isTaken(row);
  };
  return {
    sees: view === null ? null : (row) => view.takes(row),
    begin(events, timesMs) {
      const own = view === null ? events : view.begin(events, timesMs);
      const condition = where === null ? null : bindCondition(where, own);
      const takesOf = (row: number): boolean => view === null || view.takes(row);
      const columns =
        computed?.begin(own, condition === null ? takesOf : (row) => takesOf(row) && condition(row)) ?? own;
      isTaken = computed?.takes ?? condition;
      return { columns, keys: readKeys(columns) };
    },
    takes: view === null && where === null && computed === null ? null : takes,
  };
}
