/** What the journal says of sinks: where each stands, and what became of an event that one did not take. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

/** The stream that holds where each sink stands. */
export const SINKS = 'millrace.sinks';

export const sinkPositionsSchema = {
  type: 'record',
  name: 'SinkPositions',
  namespace: NAMESPACE,
  doc: 'Where every sink stands. Each of these says all, so what came before it may go.',
  fields: [
    {
      name: 'sinks',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'SinkPosition',
          fields: [
            { name: 'sink', type: 'string' },
            {
              name: 'outcomesFrom',
              type: 'long',
              doc: 'Outcomes in the operations log below it are in this position; those from it on have to be read again.',
            },
            {
              name: 'logs',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'SinkLogPosition',
                  fields: [
                    { name: 'log', type: 'string' },
                    { name: 'next', type: 'long', doc: 'All below it is settled, but for what is held.' },
                    { name: 'newFrom', type: 'long', doc: 'Of what is below it only alerts are for the sink.' },
                  ],
                },
              },
            },
            {
              name: 'held',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'HeldEvent',
                  doc: 'An event that is still to be delivered, out of its turn.',
                  fields: [
                    { name: 'log', type: 'string' },
                    { name: 'offset', type: 'long' },
                    { name: 'since', type: TIMESTAMP_MILLIS, doc: 'From when its age counts.' },
                  ],
                },
              },
            },
          ],
        },
      },
    },
  ],
} as const satisfies AvroRecord;
export type SinkPositions = FromAvro<typeof sinkPositionsSchema>;
export type SinkPosition = SinkPositions['sinks'][number];

export const sinkDeliverySchema = {
  type: 'record',
  name: 'SinkDelivery',
  namespace: NAMESPACE,
  doc: 'An event that a sink did not take is given up ("abandoned"), or is asked for again ("requeued").',
  fields: [
    { name: 'sink', type: 'string' },
    { name: 'stream', type: 'string', doc: 'As the pipeline file calls it, such as clicks_per_user.late.' },
    { name: 'log', type: 'string' },
    { name: 'offset', type: 'long', doc: 'Of the event in that log.' },
    {
      name: 'outcome',
      type: { type: 'enum', name: 'SinkOutcome', symbols: ['abandoned', 'requeued'], default: 'abandoned' },
    },
    { name: 'attempts', type: 'int' },
    { name: 'error', type: ['null', 'string'] },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
