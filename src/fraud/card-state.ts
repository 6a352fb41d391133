/** How a card is kept in a snapshot. Timers are not: they follow from the rest. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from '../messages/avro.ts';

export const cardStateSchema = {
  type: 'record',
  name: 'CardState',
  namespace: NAMESPACE,
  fields: [
    { name: 'customerId', type: 'long' },
    {
      name: 'sessions',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'OpenSession',
          fields: [
            { name: 'start', type: TIMESTAMP_MILLIS },
            { name: 'last', type: TIMESTAMP_MILLIS },
            { name: 'count', type: 'long' },
            { name: 'totalCents', type: 'long' },
            { name: 'maxScore', type: 'double' },
            { name: 'given', type: 'long', default: 0 },
          ],
        },
      },
    },
    {
      name: 'openCase',
      type: [
        'null',
        {
          type: 'record',
          name: 'OpenCase',
          fields: [
            { name: 'caseId', type: 'string' },
            { name: 'hits', type: 'int' },
            { name: 'amountCents', type: 'long' },
            { name: 'lastTransactionId', type: 'long' },
            { name: 'lastHitAt', type: TIMESTAMP_MILLIS },
          ],
        },
      ],
    },
    { name: 'lastSeenAt', type: TIMESTAMP_MILLIS },
    { name: 'amounts', type: 'long' },
    { name: 'meanCents', type: 'double' },
    { name: 'squares', type: 'double' },
  ],
} as const satisfies AvroRecord;

export type CardState = FromAvro<typeof cardStateSchema>;
