/** An event as a record of Kafka: its key, its value, and its id in a header, by which a consumer knows it again. */
import { type OutgoingRecord, RECORD_ID } from '../../kafka/producer.ts';
import type { RecordsOf } from './outlets.ts';
import type { RecordKey } from './settings.ts';
import type { ValuesOf } from './values.ts';

/** The header that has the name of an event's stream. */
const STREAM = 'millrace.stream';

export function recordsOf(key: RecordKey, valuesOf: ValuesOf): RecordsOf {
  const keyOf = KEYS[key];
  return async (events, signal) => {
    const values = await valuesOf(events, signal);
    return events.map(({ id, stream, key, committedAt }, i): OutgoingRecord => {
      const headers = { [RECORD_ID]: id, [STREAM]: stream };
      return { key: key === null ? null : keyOf(key), value: values[i] ?? null, headers, timestamp: committedAt };
    });
  };
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
