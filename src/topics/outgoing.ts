/** A line of JSON as the record that the source of its stream would read it from. */
import type { OutgoingRecord } from '../kafka/producer.ts';
import { keyBytes } from '../kafka/record-key.ts';
import { framed } from '../kafka/wire-format.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { createJsonDecoder } from '../messages/json.ts';
import type { StreamFormat } from '../messages/stream-format.ts';
import type { KafkaSourceSettings } from '../sources/kafka/settings.ts';

export interface Target {
  readonly schema: AvroRecord;
  readonly key: string;
  readonly eventTime: string;
  readonly format: StreamFormat;
  readonly source: KafkaSourceSettings;
}

export type Outgoing =
  | { readonly ok: true; readonly record: OutgoingRecord }
  | { readonly ok: false; readonly problem: string };

/**
 * `schemaId`: of the stream's schema in the registry; null where values name none. `nowMs` is the timestamp of records whose
 * event has its time elsewhere.
 */
export function outgoingRecords(target: Target, schemaId: number | null): (line: string, nowMs: number) => Outgoing {
  const { schema, key, eventTime, format, source } = target;
  const json = createJsonDecoder(schema, key, format.json);
  const type = dynamicEventType(schema);
  const form = source.key === 'value' ? 'text' : source.key;

  function bytesOf(line: string, event: DynamicEvent): Buffer {
    if (source.value === 'json') return Buffer.from(line, 'utf8');
    return schemaId === null ? type.encode(event) : framed(schemaId, type.encode(event));
  }
  function headersOf(event: DynamicEvent): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [field, header] of Object.entries(source.headers)) {
      if (event[field] != null) headers[header] = String(event[field]);
    }
    if (source.eventTime.from === 'header') headers[source.eventTime.header] = String(event[eventTime]);
    return headers;
  }
  return (line, nowMs) => {
    const decoded = json.line(line);
    if (!decoded.ok) return { ok: false, problem: `${decoded.reason}: ${decoded.detail}` };
    const { event } = decoded;
    const timestamp = source.eventTime.from === 'record' ? Number(event[eventTime]) : nowMs;
    try {
      const record = {
        key: keyBytes(form, String(event[key])),
        value: bytesOf(line, event),
        headers: headersOf(event),
        timestamp,
      };
      return { ok: true, record };
    } catch (error) {
      return { ok: false, problem: error instanceof Error ? error.message : String(error) };
    }
  };
}
