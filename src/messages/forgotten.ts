/** What stands in the place of an event that was removed from the journal, so that all offsets hold. */
import { type AvroRecord, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

export const forgottenSchema = {
  type: 'record',
  name: 'Forgotten',
  namespace: NAMESPACE,
  doc: 'An event that was here, of a key that was to be forgotten. No operator sees it.',
  fields: [
    {
      name: 'occurredAt',
      type: ['null', TIMESTAMP_MILLIS],
      doc: 'Its event time, as far as the watermark followed it; null for an event that time did not follow.',
    },
  ],
} as const satisfies AvroRecord;
