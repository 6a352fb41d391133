/**
 * An event as a record of Kafka: its key, its value, and its id in a header, by which a consumer recognises a repeated
 * event.
 */
import { type OutgoingRecord, RECORD_ID } from '../../kafka/producer.ts';
import { keyBytes, type RecordKey } from '../../kafka/record-key.ts';
import { DeliveryError } from '../sink.ts';
import type { RecordsOf } from './outlets.ts';
import type { ContentsOf } from './values.ts';

/** The header that has the name of an event's stream. */
const STREAM = 'millrace.stream';

export function recordsOf(form: RecordKey, contentsOf: ContentsOf): RecordsOf {
  return async (events, signal) => {
    const contents = await contentsOf(events, signal);
    return events.map(({ id, stream, key, committedAt, trace }, i): OutgoingRecord => {
      const { value = null, headers: more } = contents[i] ?? {};
      const headers = { [RECORD_ID]: id, [STREAM]: stream, ...more, ...trace };
      return { key: key === null ? null : keyOf(form, key), value, headers, timestamp: committedAt };
    });
  };
}

function keyOf(form: RecordKey, key: string): Buffer {
  try {
    return keyBytes(form, key);
  } catch {
    const shown = JSON.stringify(key.slice(0, 60));
    throw new DeliveryError({ kind: 'permanent' }, `the key ${shown} can't be written as ${form}; write \`key: text\``);
  }
}
