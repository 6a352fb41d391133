/** The analysts' work on cases: commands as they were given, and the outcome of each. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from '../messages/avro.ts';

const WHO = [
  { name: 'commandId', type: 'string', doc: 'Of the one who asks: the same one again is the same command.' },
  { name: 'by', type: 'string', doc: 'Who asked.' },
  { name: 'note', type: 'string', doc: 'In their words; empty for none.' },
  { name: 'requestedAt', type: TIMESTAMP_MILLIS, doc: 'By the wall clock.' },
] as const;

export const caseCommandSchema = {
  type: 'record',
  name: 'CaseCommand',
  namespace: NAMESPACE,
  doc: 'What an analyst wants done with a case. Input of the partition that has the case.',
  fields: [
    ...WHO,
    { name: 'caseId', type: 'string' },
    { name: 'customerId', type: 'long' },
    {
      name: 'action',
      type: {
        type: 'enum',
        name: 'CaseAction',
        symbols: ['acknowledge', 'takeOver', 'release', 'snooze', 'confirm', 'dismiss'],
      },
      doc: 'confirm closes it as fraud, dismiss as a false positive.',
    },
    { name: 'forMs', type: 'long', doc: 'Of snooze: how long, in event time. 0 for the others.' },
  ],
} as const satisfies AvroRecord;
export type CaseCommand = FromAvro<typeof caseCommandSchema>;

export const caseActedSchema = {
  type: 'record',
  name: 'CaseActed',
  namespace: NAMESPACE,
  doc: 'What came of a command about a case.',
  fields: [
    ...WHO,
    { name: 'caseId', type: 'string' },
    { name: 'customerId', type: 'long' },
    { name: 'action', type: 'string' },
    { name: 'outcome', type: { type: 'enum', name: 'ActionOutcome', symbols: ['done', 'refused'] } },
    { name: 'state', type: 'string', doc: 'Of the case after it; unknown where there is no such case.' },
    { name: 'detail', type: 'string', doc: 'For people: why it was refused, or what it came to.' },
    { name: 'at', type: TIMESTAMP_MILLIS, doc: 'Event time that the partition had reached.' },
  ],
} as const satisfies AvroRecord;
export type CaseActed = FromAvro<typeof caseActedSchema>;

export const ruleHitSchema = {
  type: 'record',
  name: 'RuleHit',
  namespace: NAMESPACE,
  doc: 'A rule fired on a transaction.',
  fields: [
    { name: 'rule', type: 'string' },
    { name: 'transactionId', type: 'long' },
    { name: 'customerId', type: 'long' },
    { name: 'terminalId', type: 'long' },
    { name: 'amountCents', type: 'long' },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
    { name: 'score', type: 'double', doc: 'Of the transaction, all of its hits together.' },
    {
      name: 'caseId',
      type: ['null', 'string'],
      doc: 'The case that it opened or joined; null where it was suppressed.',
    },
    { name: 'suppressionId', type: ['null', 'string'], doc: 'What kept it from an alert.' },
  ],
} as const satisfies AvroRecord;
export type RuleHit = FromAvro<typeof ruleHitSchema>;

const SCOPE = [
  { name: 'customerId', type: ['null', 'long'], doc: 'Hits of this card only; null for any.' },
  { name: 'terminalId', type: ['null', 'long'], doc: 'Hits at this terminal only.' },
  { name: 'rule', type: ['null', 'string'], doc: 'Hits of this rule only.' },
] as const;

export const suppressionCommandSchema = {
  type: 'record',
  name: 'SuppressionCommand',
  namespace: NAMESPACE,
  doc: 'Hits within a scope shall raise no alert for some time, or shall again. They are scored and recorded all the same.',
  fields: [
    ...WHO,
    { name: 'suppressionId', type: 'string' },
    { name: 'action', type: { type: 'enum', name: 'SuppressionAction', symbols: ['suppress', 'lift'] } },
    ...SCOPE,
    { name: 'forMs', type: 'long', doc: 'How long, in event time.' },
  ],
} as const satisfies AvroRecord;
export type SuppressionCommand = FromAvro<typeof suppressionCommandSchema>;

export const suppressionChangedSchema = {
  type: 'record',
  name: 'SuppressionChanged',
  namespace: NAMESPACE,
  doc: 'A suppression holds from now on in a partition, or does not any more. Each partition that it concerns says so.',
  fields: [
    ...WHO,
    { name: 'suppressionId', type: 'string' },
    { name: 'change', type: { type: 'enum', name: 'SuppressionChange', symbols: ['suppressed', 'lifted'] } },
    ...SCOPE,
    { name: 'since', type: TIMESTAMP_MILLIS, doc: 'Event time that the partition had reached.' },
    { name: 'until', type: TIMESTAMP_MILLIS, doc: 'Event time from which it does not hold.' },
  ],
} as const satisfies AvroRecord;
export type SuppressionChanged = FromAvro<typeof suppressionChangedSchema>;
