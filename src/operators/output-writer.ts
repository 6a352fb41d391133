/** One output of an operator: its events go into a block as they come, and those of a failed call are taken back. */

import type { AvroRecord, AvroSchema } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import { derivedSchema } from '../messages/derived-event.ts';
import { exactJson } from '../messages/event-json.ts';
import type { OperatorOutput } from '../streams/operator.ts';
import type { Key, Row } from './definition.ts';

export interface OutputWriter extends OperatorOutput {
  /** Throws when the record does not fit the output's schema. */
  push(key: Key, record: Readonly<Row>, timeMs: number): void;
  mark(): void;
  rollback(): void;
}

export function outputStream(operator: string, output: string): string {
  return `${operator}.${output}`;
}

/** Events of an output: the key, what is emitted, and the time. */
export function outputSchema(operator: string, output: string, fields: AvroRecord, keyType: AvroSchema): AvroRecord {
  return derivedSchema(outputStream(operator, output), [{ name: 'key', type: keyType }, ...fields.fields]);
}

export function createOutputWriter(
  operator: string,
  output: string,
  fields: AvroRecord,
  keyType: AvroSchema,
): OutputWriter {
  const type: EventType<DynamicEvent> = dynamicEventType(outputSchema(operator, output, fields, keyType));
  const writer = type.blockWriter();
  const names = fields.fields.map(({ name }) => name);

  function refuse(event: DynamicEvent, record: Readonly<Row>): never {
    const stray = Object.keys(record).find((name) => !names.includes(name));
    if (stray !== undefined)
      throw new TypeError(`${output} has no field ${stray}; it has ${names.join(', ') || 'none'}`);
    const path = type.invalidPath(event)?.join('.') ?? '';
    const value = exactJson(path.split('.').reduce<unknown>((inner, name) => Object(inner)[name], event));
    throw new TypeError(`${output}.${path} can't be ${value ?? 'left out'}: its schema says otherwise`);
  }

  return {
    stream: outputStream(operator, output),
    type,
    events: writer,
    push(key, record, timeMs) {
      const event = { key, ...record, ts: timeMs };
      if (Object.keys(record).length > names.length) refuse(event, record);
      try {
        writer.push(event);
      } catch (error) {
        if (error instanceof RangeError) throw error;
        refuse(event, record);
      }
    },
    mark: writer.mark,
    rollback: writer.rollback,
  };
}
