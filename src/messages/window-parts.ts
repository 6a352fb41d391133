/** What a window has of events of other logs, as its partition's own log keeps it in place of the events. */
import { type AvroRecord, type FromAvro, NAMESPACE } from './avro.ts';

export const windowPartsSchema = {
  type: 'record',
  name: 'WindowParts',
  namespace: NAMESPACE,
  doc: 'Events of another log that came in time for a window: what its aggregates are of them, by slice and key.',
  fields: [
    {
      name: 'parts',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'WindowPart',
          fields: [
            {
              name: 'start',
              type: 'long',
              doc: "Where the slice begins, by the clock of the window's zone, as epoch ms.",
            },
            { name: 'key', type: ['null', 'long', 'string'] },
            { name: 'count', type: 'long', doc: 'Events.' },
            { name: 'numbers', type: { type: 'array', items: 'double' }, doc: 'As in a snapshot of the window.' },
            { name: 'objects', type: { type: 'array', items: 'string' }, doc: 'As in a snapshot of the window.' },
          ],
        },
      },
    },
  ],
} as const satisfies AvroRecord;

/** A key is a bigint where it is a long that no number holds exactly. */
type Exact<Part> = Omit<Part, 'key'> & { key: string | number | bigint | null };

export type WindowPart = Exact<FromAvro<typeof windowPartsSchema>['parts'][number]>;
export type WindowParts = { parts: WindowPart[] };
