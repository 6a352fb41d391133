/** Queries that people keep. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

export const querySavedSchema = {
  type: 'record',
  name: 'QuerySaved',
  namespace: NAMESPACE,
  doc: 'Somebody saved a query under a name, in place of the one that had it, or removed it.',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'store', type: 'string', doc: 'Which store it asks; empty where it was removed.' },
    { name: 'sql', type: 'string', doc: 'One statement that reads; empty where it was removed.' },
    { name: 'isRemoved', type: 'boolean', default: false },
    { name: 'savedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type QuerySaved = FromAvro<typeof querySavedSchema>;
