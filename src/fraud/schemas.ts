/** Events of the payments domain: card transactions, and the labels that arrive for them later. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from '../messages/avro.ts';

export const transactionSchema = {
  type: 'record',
  name: 'Transaction',
  namespace: NAMESPACE,
  doc: 'A card transaction, as authorised. One customer holds one card.',
  fields: [
    { name: 'transactionId', type: 'long' },
    { name: 'customerId', type: 'long' },
    { name: 'terminalId', type: 'long' },
    { name: 'amountCents', type: 'long' },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type Transaction = FromAvro<typeof transactionSchema>;

export const fraudLabelSchema = {
  type: 'record',
  name: 'FraudLabel',
  namespace: NAMESPACE,
  doc: 'The outcome of a transaction, learned after it. Transactions without one by then are taken as genuine.',
  fields: [
    { name: 'transactionId', type: 'long' },
    { name: 'customerId', type: 'long' },
    { name: 'fraud', type: 'boolean' },
    { name: 'scenario', type: 'int', doc: 'Of the simulator; 0 where it is unknown.', default: 0 },
    { name: 'knownAt', type: TIMESTAMP_MILLIS, doc: 'Event time at which the label could first be used.' },
    { name: 'origin', type: 'string', doc: 'Who said so: simulator, handbook, analyst, chargeback.' },
    {
      name: 'terminalId',
      type: ['null', 'long'],
      doc: "The transaction's; null where it is not known.",
      default: null,
    },
    { name: 'occurredAt', type: ['null', TIMESTAMP_MILLIS], doc: "The transaction's time, if known.", default: null },
  ],
} as const satisfies AvroRecord;
export type FraudLabel = FromAvro<typeof fraudLabelSchema>;

export const transactionScoredSchema = {
  type: 'record',
  name: 'TransactionScored',
  namespace: NAMESPACE,
  doc: 'The score of one transaction, with the values that it was computed from.',
  fields: [
    { name: 'transactionId', type: 'long' },
    { name: 'customerId', type: 'long' },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
    { name: 'score', type: 'double', doc: 'From 0, genuine, to 1, fraud.' },
    { name: 'model', type: 'string', doc: 'Version of what scored it: a model, or the rules alone.' },
    { name: 'ruleHits', type: 'int', doc: 'Bit n is set when rule n fired; see RULES in src/fraud/rules.ts.' },
    { name: 'sessionCount', type: 'int', doc: 'Transactions of the session so far, this one included.' },
    {
      name: 'ownMeanCents',
      type: 'double',
      doc: "The customer's mean amount before this transaction; 0 if it is the first.",
    },
    { name: 'deviations', type: 'double', doc: 'Distance of the amount from ownMeanCents, in standard deviations.' },
  ],
} as const satisfies AvroRecord;
export type TransactionScored = FromAvro<typeof transactionScoredSchema>;

export const sessionClosedSchema = {
  type: 'record',
  name: 'SessionClosed',
  namespace: NAMESPACE,
  doc: "A customer's transactions with no pause of the session gap or more between them.",
  fields: [
    { name: 'customerId', type: 'long' },
    { name: 'start', type: TIMESTAMP_MILLIS, doc: 'The first transaction.' },
    { name: 'end', type: TIMESTAMP_MILLIS, doc: 'The last transaction plus the gap; exclusive.' },
    { name: 'at', type: TIMESTAMP_MILLIS, doc: 'The watermark that closed it.' },
    { name: 'count', type: 'long' },
    { name: 'totalCents', type: 'long' },
    { name: 'maxScore', type: 'double' },
  ],
} as const satisfies AvroRecord;
export type SessionClosed = FromAvro<typeof sessionClosedSchema>;

export const alertRaisedSchema = {
  type: 'record',
  name: 'AlertRaised',
  namespace: NAMESPACE,
  doc: 'A transaction that opened a case. Later hits of the case are CaseChanged events.',
  fields: [
    { name: 'alertId', type: 'string', doc: 'Idempotency key of its delivery.' },
    { name: 'caseId', type: 'string' },
    { name: 'customerId', type: 'long' },
    { name: 'transactionId', type: 'long' },
    { name: 'terminalId', type: 'long' },
    { name: 'amountCents', type: 'long' },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
    { name: 'score', type: 'double' },
    { name: 'model', type: 'string' },
    {
      name: 'severity',
      type: { type: 'enum', name: 'Severity', symbols: ['low', 'medium', 'high'], default: 'low' },
    },
    {
      name: 'reasons',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'AlertReason',
          fields: [
            { name: 'code', type: 'string' },
            { name: 'text', type: 'string' },
            { name: 'value', type: 'double' },
            { name: 'norm', type: 'double' },
          ],
        },
      },
    },
    { name: 'sessionStart', type: TIMESTAMP_MILLIS },
    { name: 'sessionCount', type: 'int' },
    { name: 'rules', type: { type: 'array', items: 'string' }, doc: 'Rules that fired.', default: [] },
  ],
} as const satisfies AvroRecord;
export type AlertRaised = FromAvro<typeof alertRaisedSchema>;

export const caseChangedSchema = {
  type: 'record',
  name: 'CaseChanged',
  namespace: NAMESPACE,
  doc: "A step in a fraud case's life.",
  fields: [
    { name: 'caseId', type: 'string' },
    { name: 'customerId', type: 'long' },
    {
      name: 'change',
      type: {
        type: 'enum',
        name: 'CaseChange',
        symbols: ['opened', 'hit', 'expired', 'acknowledged', 'released', 'snoozed', 'confirmed', 'falsePositive'],
        default: 'hit',
      },
    },
    { name: 'transactionId', type: 'long', doc: 'The hit; for an expired case, its last one.' },
    { name: 'hits', type: 'int', doc: 'Hits so far.' },
    { name: 'amountCents', type: 'long', doc: 'Sum of the hits so far.' },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
    { name: 'holder', type: ['null', 'string'], doc: 'Who took it, and to whom it is locked.', default: null },
    {
      name: 'snoozedUntil',
      type: ['null', TIMESTAMP_MILLIS],
      doc: 'Event time at which a snoozed one is shown again.',
      default: null,
    },
  ],
} as const satisfies AvroRecord;
export type CaseChanged = FromAvro<typeof caseChangedSchema>;
