/** Events that the service writes about itself: job runs, actors, deliveries. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

/** The stream in which the service writes about itself: runs, actors, deliveries. */
export const OPERATIONS = 'millrace.operations';

export const runChangedSchema = {
  type: 'record',
  name: 'RunChanged',
  namespace: NAMESPACE,
  doc: 'A step in the life of one run of a scheduled job.',
  fields: [
    { name: 'job', type: 'string' },
    { name: 'runId', type: 'string', doc: '<job>@<intervalEnd as ISO instant>.' },
    { name: 'intervalStart', type: TIMESTAMP_MILLIS },
    { name: 'intervalEnd', type: TIMESTAMP_MILLIS, doc: 'Exclusive.' },
    {
      name: 'state',
      type: {
        type: 'enum',
        name: 'RunState',
        symbols: ['queued', 'running', 'up_for_retry', 'success', 'failed', 'skipped', 'cancelled'],
        default: 'queued',
      },
    },
    { name: 'attempt', type: 'int', doc: 'From 1; 0 while queued.' },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
    { name: 'records', type: 'long', doc: 'Events that the run has brought.' },
    { name: 'message', type: ['null', 'string'], doc: 'Why it failed, is retried or was skipped.' },
    {
      name: 'trigger',
      type: 'string',
      default: '',
      doc: 'What made it: schedule, manual, backfill, or job:<run id>; behind a # what tells a repeated request. Empty before there were steps.',
    },
    { name: 'params', type: 'string', default: '{}', doc: 'JSON of the parameters that it was given.' },
    { name: 'backfill', type: ['null', 'string'], default: null, doc: 'The backfill that it belongs to.' },
    {
      name: 'ending',
      type: ['null', 'string'],
      default: null,
      doc: 'While it runs: the state that it will have once its attempts have stopped, cancelled or failed.',
    },
  ],
} as const satisfies AvroRecord;
export type RunChanged = FromAvro<typeof runChangedSchema>;

export const actorChangedSchema = {
  type: 'record',
  name: 'ActorChanged',
  namespace: NAMESPACE,
  doc: 'A supervised actor failed, restarted, or stopped for good.',
  fields: [
    { name: 'actor', type: 'string', doc: 'Path from the root, such as millrace/payments.transactions-0/consumer.' },
    {
      name: 'change',
      type: {
        type: 'enum',
        name: 'ActorChange',
        symbols: ['started', 'failed', 'restarting', 'stopped', 'escalated'],
        default: 'started',
      },
    },
    { name: 'restarts', type: 'int' },
    { name: 'error', type: ['null', 'string'] },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type ActorChanged = FromAvro<typeof actorChangedSchema>;

export const commandAskedSchema = {
  type: 'record',
  name: 'CommandAsked',
  namespace: NAMESPACE,
  doc: 'Somebody asked the service over HTTP to do something, or was refused.',
  fields: [
    { name: 'by', type: 'string', doc: 'Name of the token; nobody for a request without one that is known.' },
    { name: 'method', type: 'string' },
    { name: 'path', type: 'string', doc: 'Without the query; at most 500 characters.' },
    { name: 'status', type: 'int', doc: 'Of the answer.' },
    { name: 'askedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;

export const alertDeliverySchema = {
  type: 'record',
  name: 'AlertDelivery',
  namespace: NAMESPACE,
  doc: 'The outcome of handing an alert to a sink; "abandoned" is a dead letter, which "requeued" takes back.',
  fields: [
    { name: 'alertId', type: 'string' },
    { name: 'sink', type: 'string' },
    {
      name: 'outcome',
      type: {
        type: 'enum',
        name: 'DeliveryOutcome',
        symbols: ['delivered', 'abandoned', 'requeued'],
        default: 'delivered',
      },
    },
    { name: 'attempts', type: 'int' },
    { name: 'error', type: ['null', 'string'] },
    { name: 'changedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type AlertDelivery = FromAvro<typeof alertDeliverySchema>;
