/** Events of a derived stream. Each such stream has an Avro record of its own, with a field for each selected one. */
import { type AvroField, type AvroRecord, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import { type BlockWriter, createBlockWriter } from './block.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from './codec.ts';
import { type Column, fieldValue } from './columns.ts';
import { escapedName, plainName } from './escaped-name.ts';
import { type FlatField, flatFields } from './flat-fields.ts';
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
  return {
    type: 'record',
    name: escapedName(stream),
    namespace: EVENTS,
    doc: 'What was derived of one event.',
    fields: [
      ...fields,
      { name: DERIVED_TIME, type: TIMESTAMP_MILLIS, doc: 'That of the event that it was derived from.' },
    ],
  };
}

/** The type of a derived stream of numbers, texts and booleans. Throws when a name can't be an Avro name. */
export function derivedEventType(stream: string, fields: readonly AvroField[]): DerivedEventType {
  const schema = derivedSchema(stream, fields);
  const type = dynamicEventType(schema);
  const flat = flatFields(schema);
  if (flat === null) throw new Error(`A field of ${stream} has no column`);
  return { stream, type, blockWriter: () => blockWriter(type, flat) };
}

function blockWriter(type: EventType<DynamicEvent>, flat: readonly FlatField[]): DerivedBlockWriter {
  let columns: readonly Column[] = [];
  let sources: readonly RowField[] = [];
  const rows = createBlockWriter<number>(
    type.fingerprint,
    (row, bytes, view, at) => writeRow(sources, row, bytes, view, at),
    (row, buffer, at) => {
      const encoded = type.encode(eventOf(flat, columns, row));
      if (at + encoded.length > buffer.length) return -encoded.length;
      return at + encoded.copy(buffer, at);
    },
  );
  return {
    begin(fields, timesMs) {
      columns = [...fields, { kind: 'number', values: timesMs, exact: null, nulls: null }];
      sources = flat.map((field, i) => rowField(field, columns[i]!));
    },
    push: rows.push,
    get length() {
      return rows.length;
    },
    take: rows.take,
  };
}

function eventOf(flat: readonly FlatField[], columns: readonly Column[], row: number): DynamicEvent {
  return Object.fromEntries(flat.map((field, i) => [field.path.join('.'), fieldValue(columns[i]!, field, row)]));
}

/** The derived stream whose events a record of this full name holds; null for any other record. */
export function derivedStreamOfRecord(fullName: string): string | null {
  return fullName.startsWith(`${EVENTS}.`) ? plainName(fullName.slice(EVENTS.length + 1)) : null;
}
