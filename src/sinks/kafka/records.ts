/** An event as a record of Kafka: its key, its value, and its id in a header, by which a consumer knows it again. */
import { type OutgoingRecord, RECORD_ID } from '../../kafka/producer.ts';
import type { SinkEvent } from '../sink.ts';
import type { RecordsOf } from './outlets.ts';
import type { RecordKey } from './settings.ts';

/** The header that has the name of an event's stream. */
const STREAM = 'millrace.stream';

export function recordsOf(key: RecordKey, bytesOf: (event: SinkEvent) => Buffer): RecordsOf {
  const keyOf = KEYS[key];
  return async (events) =>
    events.map((event): OutgoingRecord => {
      const { id, stream, committedAt } = event;
      const headers = { [RECORD_ID]: id, [STREAM]: stream };
      return {
        key: event.key === null ? null : keyOf(event.key),
        value: bytesOf(event),
        headers,
        timestamp: committedAt,
      };
    });
}

const KEYS: Readonly<Record<RecordKey, (key: string) => Buffer>> = {
  text: (key) => Buffer.from(key, 'utf8'),
  int(key) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(Number(key));
    return bytes;
  },
  long(key) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(key));
    return bytes;
  },
};
