/**
 * Tables of the streams that a user declared with a schema of their own: in either store one of the stream's name, whose
 * columns are the schema's.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import { type RecordColumn, recordColumns } from '../messages/record-columns.ts';

/** What the stores have to know of a declared stream, as plain data. */
export interface StreamShape {
  readonly name: string;
  readonly schema: AvroRecord;
  readonly key: string;
  readonly timeField: string;
  /** What the logs with its events are named for; absent for a stream that has logs of its own. */
  readonly log?: string;
}

export interface StreamTable extends StreamShape {
  readonly type: EventType<DynamicEvent>;
  readonly columns: readonly RecordColumn[];
}

export function streamTable(shape: StreamShape): StreamTable {
  return { ...shape, type: dynamicEventType(shape.schema), columns: recordColumns(shape.schema) };
}

/** Where the row's event lies in the journal: columns that every such table has beside those of its schema. */
const OWN_COLUMNS: readonly string[] = ['partition', 'log_offset'];

/**
 * Why a record can't be the columns of a table, for people; null when it can. Two columns must differ in more than
 * case.
 */
export function columnProblem(schema: AvroRecord): string | null {
  const taken = new Map<string, string | null>(OWN_COLUMNS.map((name) => [name, null]));
  for (const { path } of recordColumns(schema)) {
    const other = taken.get(path.toLowerCase());
    if (other === null) return `the field ${path} has the name of a column that every stream's table has`;
    if (other !== undefined)
      return `the fields ${other} and ${path} differ in case only, which columns of a table may not`;
    taken.set(path.toLowerCase(), path);
  }
  return null;
}
