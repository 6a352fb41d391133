/** How a card is kept in a snapshot. Timers are not: they follow from the rest. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from '../messages/avro.ts';
import { servedModelSchema } from './model-schemas.ts';

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
            {
              name: 'state',
              type: { type: 'enum', name: 'OpenState', symbols: ['open', 'acknowledged', 'snoozed'], default: 'open' },
              default: 'open',
            },
            { name: 'holder', type: ['null', 'string'], default: null },
            { name: 'snoozedUntil', type: 'long', default: 0 },
            { name: 'actedAt', type: 'long', doc: 'Event time of the last action; 0 for none.', default: 0 },
            {
              name: 'hitTransactions',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'HitTransaction',
                  fields: [
                    { name: 'transactionId', type: 'long' },
                    { name: 'terminalId', type: 'long' },
                    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
                  ],
                },
              },
              default: [],
            },
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
export type HitTransaction = NonNullable<CardState['openCase']>['hitTransactions'][number];

/** What a partition has beside its cards. Before there were suppressions, a snapshot had an array of cards. */
export const fraudStateSchema = {
  type: 'record',
  name: 'FraudState',
  namespace: NAMESPACE,
  fields: [
    { name: 'cards', type: { type: 'array', items: cardStateSchema } },
    {
      name: 'suppressions',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'SuppressionState',
          fields: [
            { name: 'suppressionId', type: 'string' },
            { name: 'customerId', type: ['null', 'long'] },
            { name: 'terminalId', type: ['null', 'long'] },
            { name: 'rule', type: ['null', 'string'] },
            { name: 'until', type: TIMESTAMP_MILLIS },
          ],
        },
      },
    },
    { name: 'models', type: { type: 'array', items: servedModelSchema }, default: [] },
    { name: 'modelCommand', type: 'string', doc: 'The last command about models.', default: '' },
    {
      name: 'lacking',
      type: 'string',
      doc: 'What processes lack for models that were made elsewhere, as the log has it; empty for nothing.',
      default: '',
    },
  ],
} as const satisfies AvroRecord;

export type FraudState = FromAvro<typeof fraudStateSchema>;
