/**
 * The value of one record as an event of its stream, with the fields that the record's key, headers and timestamp fill.
 * A value that is no event is refused with a reason.
 */

import type { FetchedRecord } from '../../kafka/group.ts';
import type { FoundSchema } from '../../kafka/registry.ts';
import { type Framed, readFramed } from '../../kafka/wire-format.ts';
import { Damage } from '../../messages/avro-cursor.ts';
import { recordType } from '../../messages/avro-schema.ts';
import type { DynamicEvent } from '../../messages/codec.ts';
import { type Budget, decodeRecords, type Writer, writerOf } from '../../messages/container-block.ts';
import { createJsonDecoder } from '../../messages/json.ts';
import { AS_IT_CAME, AS_JSON, asAvro, type OriginalForm } from '../../messages/origins.ts';
import type { SourceStream } from '../adapter.ts';
import { fillsOf, isRefused, type Refused } from './record-parts.ts';
import type { KafkaSourceSettings } from './settings.ts';

export type ReadValue =
  | { readonly ok: true; readonly event: DynamicEvent; readonly form: OriginalForm }
  | ({ readonly ok: false; readonly form: OriginalForm } & Refused);

/** Schemas that the registry has given, by id. */
export type KnownSchemas = ReadonlyMap<number, FoundSchema>;

export interface ValueReader {
  /** The value is there. Schemas that it names are known. */
  read(record: FetchedRecord, value: Buffer, schemas: KnownSchemas): ReadValue;
  /** The id of the schema that a value names; null where it names none. */
  schemaId(value: Buffer): number | null;
  /** What of a value can be read again in this form. */
  original(value: Buffer, form: OriginalForm): Buffer;
}

/** Memory that one record's event may take, an estimate, and how many values of no bytes may be in it. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const EMPTY_VALUES_MAX = 65_536;
const WRITERS_MAX = 1000;

/** Throws when the schema of the stream has no form in JSON. */
export function createValueReader(stream: SourceStream, settings: KafkaSourceSettings): ValueReader {
  const { schema, key, eventTime, format } = stream;
  const reader = recordType(schema);
  const json = settings.value === 'json' ? createJsonDecoder(schema, key, format.json) : null;
  const writers = new Map<number, Writer | Refused>();
  const plain = settings.value === 'avro' ? writerOf(JSON.stringify(schema), reader, key) : null;
  const filled = fillsOf(settings, stream);
  const isTimed = settings.eventTime.from !== 'field';
  const budget: Budget = { memoryBytes: 0, empty: 0 };
  /** The value alone is not the event where its record gave it something. */
  const formOf = (form: OriginalForm): OriginalForm => (filled.length === 0 ? form : AS_IT_CAME);

  /** What the record gives beside its value, by field. */
  function givenBy(record: FetchedRecord): { readonly fields: DynamicEvent } | Refused {
    const fields: Record<string, unknown> = {};
    for (const each of filled) {
      const found = each.of(record);
      if (isRefused(found)) return found;
      fields[each.field] = found.value;
    }
    return { fields };
  }

  function readJson(record: FetchedRecord, value: Buffer): ReadValue {
    if (json === null) throw new Error('A reader of Avro was given JSON');
    const form = formOf(AS_JSON);
    if (filled.length === 0) return { ...json.line(value), form };
    const given = givenBy(record);
    if (isRefused(given)) return { ok: false, ...given, form };
    // The decoder would read a time in the unit that the stream's JSON has, and the record's time is in milliseconds.
    const own = isTimed ? { [eventTime]: given.fields[eventTime] } : {};
    const decoded = json.line(value, isTimed ? { ...given.fields, [eventTime]: 0 } : given.fields);
    return decoded.ok ? { ok: true, event: { ...decoded.event, ...own }, form } : { ...decoded, form };
  }

  function readAvro(record: FetchedRecord, datum: Buffer, writer: Writer): ReadValue {
    const form = formOf(asAvro(writer.schemaText));
    budget.memoryBytes = MEMORY_BYTES_MAX;
    budget.empty = EMPTY_VALUES_MAX;
    try {
      const { events, misfits } = decodeRecords(writer, datum, 1, key, budget);
      const [event = null] = events;
      const misfit = misfits.get(0);
      if (event === null) return refusal(misfit?.reason ?? 'not-avro', misfit?.detail ?? 'it is no event', form);
      if (filled.length === 0) return { ok: true, event, form };
      const given = givenBy(record);
      if (isRefused(given)) return { ok: false, ...given, form };
      return { ok: true, event: { ...event, ...given.fields }, form };
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      return refusal('not-avro', `the value ${error.message}`, form);
    }
  }

  /** Null where values have none. */
  function frameOf(value: Buffer): Framed | null {
    return settings.value === 'avro-registry' ? readFramed(value) : null;
  }

  function writerFor(id: number, schemas: KnownSchemas): Writer | Refused {
    const known = writers.get(id);
    if (known !== undefined) return known;
    const found = schemas.get(id);
    if (found === undefined) throw new Error(`Schema ${id} was not asked for`);
    // The registry may have it later.
    if (found.kind === 'unknown') return { reason: 'unknown-schema', detail: found.message };
    const [oldest] = writers.keys();
    if (writers.size >= WRITERS_MAX && oldest !== undefined) writers.delete(oldest);
    const writer = compiled(id, found.schemaText);
    writers.set(id, writer);
    return writer;
  }

  function compiled(id: number, schemaText: string): Writer | Refused {
    try {
      return writerOf(schemaText, reader, key);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return {
        reason: 'incompatible-schema',
        detail: `no record of schema ${id} can be an event of the stream: ${why}`,
      };
    }
  }

  return {
    original: (value, { format }) => (format === 'avro' ? (frameOf(value)?.datum ?? value) : value),
    schemaId: (value) => frameOf(value)?.schemaId ?? null,
    read(record, value, schemas) {
      if (plain !== null) return readAvro(record, value, plain);
      if (settings.value === 'json') return readJson(record, value);
      const message = frameOf(value);
      if (message === null) {
        const detail =
          'the value does not begin with a zero byte and the id of a schema, as Confluent’s wire format does';
        return refusal('not-framed', detail, AS_IT_CAME);
      }
      const writer = writerFor(message.schemaId, schemas);
      if (isRefused(writer)) return { ok: false, ...writer, form: AS_IT_CAME };
      return readAvro(record, message.datum, writer);
    },
  };
}

function refusal(reason: string, detail: string, form: OriginalForm): ReadValue {
  return { ok: false, reason, detail, form };
}
