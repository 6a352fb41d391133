/** Events about jobs beside their runs: steps, pauses, backfills. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

export const stepChangedSchema = {
  type: 'record',
  name: 'StepChanged',
  namespace: NAMESPACE,
  doc: 'A step in the life of one step of one run of a job.',
  fields: [
    { name: 'job', type: 'string' },
    { name: 'runId', type: 'string' },
    { name: 'step', type: 'string' },
    { name: 'item', type: 'int', doc: 'Of a mapped step, the place of the item in the list, from 0; else -1.' },
    {
      name: 'state',
      type: {
        type: 'enum',
        name: 'StepState',
        symbols: [
          'queued',
          'running',
          'up_for_retry',
          'success',
          'failed',
          'timed_out',
          'skipped',
          'cancelled',
          'upstream_failed',
        ],
        default: 'queued',
      },
    },
    { name: 'attempt', type: 'int', doc: 'From 1; 0 for a step that was not begun.' },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
    { name: 'waitUntil', type: ['null', TIMESTAMP_MILLIS], doc: 'While up_for_retry: when it is tried again.' },
    { name: 'records', type: 'long', doc: 'Events or rows that the attempt has brought.' },
    { name: 'output', type: ['null', 'string'], doc: 'JSON for the steps that need this one.' },
    { name: 'message', type: ['null', 'string'], doc: 'Why it failed, is retried or was skipped.' },
  ],
} as const satisfies AvroRecord;
export type StepChanged = FromAvro<typeof stepChangedSchema>;

export const jobPausedSchema = {
  type: 'record',
  name: 'JobPaused',
  namespace: NAMESPACE,
  doc: 'An operator paused a job, or resumed it: a paused one has no runs by its schedule.',
  fields: [
    { name: 'job', type: 'string' },
    { name: 'isPaused', type: 'boolean' },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type JobPaused = FromAvro<typeof jobPausedSchema>;

export const backfillChangedSchema = {
  type: 'record',
  name: 'BackfillChanged',
  namespace: NAMESPACE,
  doc: 'Runs for the intervals of a job that lie in a time of the past: asked for, over, or cancelled.',
  fields: [
    { name: 'backfill', type: 'string' },
    { name: 'job', type: 'string' },
    { name: 'from', type: TIMESTAMP_MILLIS },
    { name: 'to', type: TIMESTAMP_MILLIS, doc: 'Exclusive.' },
    { name: 'parallel', type: 'int', doc: 'Runs at once.' },
    {
      name: 'reprocess',
      type: { type: 'enum', name: 'Reprocess', symbols: ['none', 'failed', 'completed'], default: 'none' },
      doc: 'Which intervals with a run get another: none, those whose run failed, or all.',
    },
    {
      name: 'state',
      type: {
        type: 'enum',
        name: 'BackfillState',
        symbols: ['running', 'completed', 'cancelled'],
        default: 'running',
      },
    },
    { name: 'intervals', type: 'int', doc: 'How many intervals the time has.' },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type BackfillChanged = FromAvro<typeof backfillChangedSchema>;
