/** Events of a derived stream. Each such stream has an Avro record of its own, with a field for each that it selects. */
import { type AvroField, type AvroRecord, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import { type EventType, eventTypeOf } from './codec.ts';
import { escapedName, plainName } from './escaped-name.ts';

const EVENTS = `${NAMESPACE}.Derived`;

export type DerivedValue = number | string | boolean | null;

export interface DerivedEvent {
  readonly fields: Readonly<Record<string, DerivedValue>>;
  /** That of the event that it was derived from, in epoch ms. */
  readonly ts: number;
}

export interface DerivedEventType {
  readonly stream: string;
  readonly type: EventType<DerivedEvent>;
}

/** Throws when a field's name can't be one of Avro. */
export function derivedEventType(stream: string, fields: readonly AvroField[]): DerivedEventType {
  const schema: AvroRecord = {
    type: 'record',
    name: escapedName(stream),
    namespace: EVENTS,
    doc: 'What was derived of one event.',
    fields: [
      {
        name: 'fields',
        type: { type: 'record', name: 'Fields', namespace: `${EVENTS}.${escapedName(stream)}`, fields },
      },
      { name: 'ts', type: TIMESTAMP_MILLIS, doc: 'Event time.' },
    ],
  };
  return { stream, type: eventTypeOf(schema) };
}

/** The derived stream whose events a record of this full name holds; null for any other record. */
export function derivedStreamOfRecord(fullName: string): string | null {
  return fullName.startsWith(`${EVENTS}.`) ? plainName(fullName.slice(EVENTS.length + 1)) : null;
}
