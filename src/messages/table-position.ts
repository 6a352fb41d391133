/** How far a table of a database was read, as a partition keeps it beside the events that came of it. */
import { type AvroRecord, type FromAvro, NAMESPACE } from './avro.ts';

export const tablePositionSchema = {
  type: 'record',
  name: 'TablePosition',
  namespace: NAMESPACE,
  doc: 'How far a partition has come in a table of a database.',
  fields: [
    { name: 'source', type: 'string', doc: 'Name of the source that reads the table.' },
    { name: 'piece', type: 'long', doc: 'Pieces that the source has delivered, this one counted.' },
    {
      name: 'values',
      type: { type: 'array', items: 'string' },
      doc: 'Those that the last row has in the columns by which the table is read, as texts; empty before the first row.',
    },
    { name: 'isWhole', type: 'boolean', doc: 'Whether the rows that were there at first have all been read.' },
    {
      name: 'lsn',
      type: 'long',
      doc: 'Place of a transaction in the log of the database: where its commit lies. 0 before the first.',
    },
    { name: 'change', type: 'long', doc: 'Changes of this transaction that are behind the partition.' },
  ],
} as const satisfies AvroRecord;
export type TablePosition = FromAvro<typeof tablePositionSchema>;
