/** Events of a derived stream. Each such stream has an Avro record of its own, with a field for each selected one. */
import { type AvroField, type AvroRecord, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import { type Block, type BlockWriter, createBlockWriter } from './block.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from './codec.ts';
import { type Column, columnValue } from './columns.ts';
import { escapedName, plainName } from './escaped-name.ts';
import { type WrittenField, writtenFields } from './flat-fields.ts';
import { type RowField, rowField, writeRow } from './row-writer.ts';

const EVENTS = `${NAMESPACE}.Derived`;

/** Writes rows of columns as events. */
export interface DerivedRows {
  /** Sets the columns, and the event times in epoch ms, that push() takes rows of from now on. */
  begin(fields: readonly Column[], timesMs: Float64Array): void;
  push(row: number): void;
}

export interface DerivedBlockWriter extends DerivedRows, Pick<BlockWriter<number>, 'length' | 'take'> {}

export interface DerivedEventType {
  readonly stream: string;
  readonly type: EventType<DynamicEvent>;
  blockWriter(): DerivedBlockWriter;
}

/** The field with the time of the original event. */
export const DERIVED_TIME = 'ts';

/** The schema of a derived stream: its selected fields and the time. */
export function derivedSchema(stream: string, fields: readonly AvroField[]): AvroRecord {
  return derivedRecord(stream, 'What was derived of one event.', [
    ...fields,
    { name: DERIVED_TIME, type: TIMESTAMP_MILLIS, doc: 'That of the event that it was derived from.' },
  ]);
}

/** A record by whose name its stream is known. */
export function derivedRecord(stream: string, doc: string, fields: readonly AvroField[]): AvroRecord {
  return { type: 'record', name: escapedName(stream), namespace: EVENTS, doc, fields };
}

/** The type of a derived stream. Throws when a name can't be an Avro name. */
export function derivedEventType(stream: string, fields: readonly AvroField[]): DerivedEventType {
  const schema = derivedSchema(stream, fields);
  const type = dynamicEventType(schema);
  const flat = writtenFields(schema);
  // A field that is a record is one column, and several flat fields.
  const rows = flat?.every(({ path }) => path.length === 1) ? flat : null;
  return { stream, type, blockWriter: () => blockWriter(type, rows) };
}

/** `flat` is null where a field is neither a number nor a text: then an object is made of each event. A decimal is a number. */
function blockWriter(type: EventType<DynamicEvent>, flat: readonly WrittenField[] | null): DerivedBlockWriter {
  const { fields } = type.schema;
  let values: readonly ((row: number) => unknown)[] = [];
  let sources: readonly RowField[] = [];
  const eventOf = (row: number): DynamicEvent =>
    Object.fromEntries(fields.map(({ name }, i) => [name, values[i]?.(row) ?? null]));
  const rows = createBlockWriter<number>(
    type.fingerprint,
    flat === null ? null : (row, bytes, view, at) => writeRow(sources, row, bytes, view, at),
    (row, buffer, at) => {
      const encoded = type.encode(eventOf(row));
      if (at + encoded.length > buffer.length) return -encoded.length;
      return at + encoded.copy(buffer, at);
    },
  );
  const writer = {
    length: 0,
    begin(selected: readonly Column[], timesMs: Float64Array): void {
      const columns: readonly Column[] = [...selected, { kind: 'number', values: timesMs, exact: null, nulls: null }];
      values = columns.map((column, i) => columnValue(column, fields[i]!));
      sources = flat?.map((field, i) => rowField(field, columns[i]!)) ?? [];
    },
    push(row: number): void {
      rows.push(row);
      writer.length = rows.length;
    },
    take(): Block | null {
      writer.length = 0;
      return rows.take();
    },
  };
  return writer;
}

/** The derived stream whose events a record of this full name holds; null for any other record. */
export function derivedStreamOfRecord(fullName: string): string | null {
  return fullName.startsWith(`${EVENTS}.`) ? plainName(fullName.slice(EVENTS.length + 1)) : null;
}
