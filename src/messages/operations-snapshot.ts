/** What the operations log says up to an offset, as a whole: who starts reads on from there, and what lies before may go. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import { backfillChangedSchema, stepChangedSchema } from './job-events.ts';
import { runChangedSchema } from './operations.ts';
import { tablePublishedSchema } from './table-facts.ts';

/** The stream of snapshots of the operations log. Each of them says all, so the last one is all that is read. */
export const OPERATIONS_SNAPSHOTS = 'millrace.operations-snapshots';

const NO_TIME = ['null', TIMESTAMP_MILLIS] as const;

export const operationsSnapshotSchema = {
  type: 'record',
  name: 'OperationsSnapshot',
  namespace: NAMESPACE,
  doc: 'The state of all jobs and suites after all events of the operations log below an offset.',
  fields: [
    { name: 'offset', type: 'long' },
    {
      name: 'jobs',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'JobSnapshot',
          fields: [
            { name: 'job', type: 'string' },
            { name: 'isPaused', type: 'boolean' },
            {
              name: 'ends',
              type: { type: 'array', items: TIMESTAMP_MILLIS },
              doc: 'Of the last intervals with a scheduled run.',
            },
            { name: 'lastTriggeredAt', type: NO_TIME },
            { name: 'succeededAt', type: NO_TIME, doc: 'When a run ended in success last.' },
            { name: 'scheduledEnd', type: NO_TIME, doc: 'Of the newest scheduled interval whose run ended.' },
            { name: 'scheduledSucceeded', type: 'boolean', doc: 'Whether that run did.' },
            {
              name: 'runs',
              doc: 'Those that are open, and the last that ended.',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'RunSnapshot',
                  fields: [
                    { name: 'event', type: runChangedSchema },
                    { name: 'queuedAt', type: TIMESTAMP_MILLIS },
                    { name: 'startedAt', type: NO_TIME },
                    { name: 'steps', type: { type: 'array', items: stepChangedSchema } },
                  ],
                },
              },
            },
            {
              name: 'intervals',
              doc: 'Those that succeeded, where they follow upon each other as one; and those whose last run failed.',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'IntervalSnapshot',
                  fields: [
                    { name: 'start', type: TIMESTAMP_MILLIS },
                    { name: 'end', type: TIMESTAMP_MILLIS, doc: 'Exclusive.' },
                    { name: 'succeeded', type: 'boolean' },
                  ],
                },
              },
            },
            {
              name: 'triggers',
              type: { type: 'array', items: 'string' },
              doc: 'By which files and publications the newest runs of each were made.',
            },
          ],
        },
      },
    },
    {
      name: 'backfills',
      doc: 'Those that are not over.',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'BackfillSnapshot',
          fields: [
            { name: 'event', type: backfillChangedSchema },
            { name: 'cursor', type: TIMESTAMP_MILLIS },
          ],
        },
      },
    },
    {
      name: 'tables',
      type: { type: 'array', items: tablePublishedSchema },
      doc: 'The newest publication of each job table.',
    },
    {
      name: 'suites',
      doc: 'The newest run of each suite that is held by the clock.',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'SuiteSnapshot',
          fields: [
            { name: 'suite', type: 'string' },
            { name: 'due', type: TIMESTAMP_MILLIS },
            { name: 'outcome', type: 'string' },
          ],
        },
      },
    },
  ],
} as const satisfies AvroRecord;
export type OperationsSnapshot = FromAvro<typeof operationsSnapshotSchema>;
export type JobSnapshot = OperationsSnapshot['jobs'][number];
