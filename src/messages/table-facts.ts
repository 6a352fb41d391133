/** What happens to the tables that jobs write. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

export const tablePublishedSchema = {
  type: 'record',
  name: 'TablePublished',
  namespace: NAMESPACE,
  doc: 'The rows of a run are seen in their job table. The same run and table once more is the same fact.',
  fields: [
    { name: 'table', type: 'string' },
    { name: 'job', type: 'string' },
    { name: 'step', type: 'string' },
    { name: 'runId', type: 'string' },
    { name: 'mode', type: 'string', doc: 'replace, append, interval or upsert.' },
    { name: 'rows', type: 'long', doc: 'Of the run.' },
    { name: 'hash', type: 'string', doc: "Of the run's rows, whatever their order: 16 hexadecimal digits." },
    { name: 'tableRows', type: 'long', doc: 'Of the whole table.' },
    { name: 'publishedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type TablePublished = FromAvro<typeof tablePublishedSchema>;
