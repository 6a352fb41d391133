/** Tables of payments and fraud: transactions, labels, scores, sessions, alerts with their deliveries, and those of cases. */
import { alertDeliveryType } from '../messages/types.ts';
import { type Table, tableOf } from '../projections/table.ts';
import { CASE_TABLES } from './case-tables.ts';
import { CUSTOMERS, CUSTOMERS_SQL } from './customers.ts';
import { MODEL_TABLES } from './model-tables.ts';
import { alertRaisedType, fraudLabelType, sessionClosedType, transactionScoredType, transactionType } from './types.ts';

const TRANSACTION_COLUMNS = [
  ...['transaction_id', 'customer_id', 'terminal_id', 'amount_cents', 'occurred_at', 'partition', 'log_offset'],
];

/** Most transactions stand with their score in one row: of the table that `scores` has with this one. */
const transactions = tableOf(transactionType, {
  name: 'transactions',
  label: 'Transactions',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'terminal_id', kind: 'long', from: 'terminalId' },
    { name: 'amount_cents', kind: 'long', from: 'amountCents' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'partition', kind: 'int', from: '$partition', isState: false },
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
  ],
  view: {
    of: 'transaction_parts',
    columns: TRANSACTION_COLUMNS,
    sql: `SELECT ${TRANSACTION_COLUMNS.join(', ')} FROM transaction_parts
      UNION ALL SELECT ${TRANSACTION_COLUMNS.join(', ')} FROM transaction_score_parts`,
  },
  counts: { as: 'events' },
});

const labels = tableOf(fraudLabelType, {
  name: 'labels',
  label: 'Fraud labels',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'fraud', kind: 'boolean', from: 'fraud' },
    { name: 'scenario', kind: 'int', from: 'scenario' },
    { name: 'known_at', kind: 'instant', from: 'knownAt' },
    { name: 'origin', kind: 'text', from: 'origin' },
  ],
  // An outcome of a case is derived, and did not come in.
  counts: { as: 'events', where: "origin <> 'analyst'" },
});

const SCORE_COLUMNS = [
  ...['transaction_id', 'customer_id', 'occurred_at', 'score', 'model', 'rule_hits', 'session_count'],
  ...['own_mean_cents', 'deviations'],
];

const scores = tableOf(transactionScoredType, {
  name: 'scores',
  label: 'Scores',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'score', kind: 'double', from: 'score' },
    { name: 'model', kind: 'text', from: 'model', few: true },
    { name: 'rule_hits', kind: 'int', from: 'ruleHits' },
    { name: 'session_count', kind: 'int', from: 'sessionCount' },
    { name: 'own_mean_cents', kind: 'double', from: 'ownMeanCents' },
    { name: 'deviations', kind: 'double', from: 'deviations' },
  ],
  view: {
    of: 'score_parts',
    columns: SCORE_COLUMNS,
    sql: `SELECT transaction_id, customer_id, occurred_at, score, text AS model, rule_hits, session_count, own_mean_cents,
      deviations FROM (SELECT ${SCORE_COLUMNS.join(', ')} FROM score_parts
        UNION ALL SELECT ${SCORE_COLUMNS.join(', ')} FROM transaction_score_parts) AS part
      JOIN few_texts ON few_texts.id = part.model`,
  },
  summaries: [{ name: CUSTOMERS, sql: CUSTOMERS_SQL }],
  pairs: {
    with: 'transactions',
    of: 'transaction_score_parts',
    same: ['transactionId', 'customerId', 'occurredAt'],
  },
  output: {
    stream: 'fraud.scores',
    key: 'customerId',
    about: {
      record: transactionType.name,
      same: ['transactionId'],
      scope: ['customerId'],
      from: 'occurredAt',
      to: 'occurredAt',
    },
  },
});

/** When a session says that it was closed, if a flush closed it: the last instant of a JavaScript Date. */
const END_OF_TIME = `make_timestamp_ms(${8.64e15})`;
const SESSION_COLUMNS = ['customer_id', 'start_at', 'end_at', 'count', 'total_cents', 'max_score'];

/**
 * A session that a flush gave has the end of time for when it was closed. It may have gone on: a customer's sessions never
 * overlap, so one that does, and is larger, is the same one later. The others are final, and are not looked for.
 */
const sessions = tableOf(sessionClosedType, {
  name: 'sessions',
  label: 'Sessions',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'start_at', kind: 'instant', from: 'start' },
    { name: 'end_at', kind: 'instant', from: 'end' },
    { name: 'count', kind: 'long', from: 'count' },
    { name: 'total_cents', kind: 'long', from: 'totalCents' },
    { name: 'max_score', kind: 'double', from: 'maxScore' },
    { name: 'closed_at', kind: 'instant', from: 'at' },
  ],
  view: {
    of: 'session_parts',
    columns: SESSION_COLUMNS,
    sql: `SELECT ${SESSION_COLUMNS.join(', ')} FROM session_parts WHERE closed_at < ${END_OF_TIME}
      UNION ALL SELECT ${SESSION_COLUMNS.join(', ')} FROM session_parts AS one
      WHERE closed_at >= ${END_OF_TIME} AND NOT EXISTS (
        SELECT 1 FROM session_parts AS other WHERE other.customer_id = one.customer_id
          AND other.start_at <= one.start_at AND other.end_at >= one.end_at
          AND (other.start_at < one.start_at OR other.end_at > one.end_at OR other.count > one.count))`,
  },
  read: { path: 'sessions', columns: SESSION_COLUMNS, newest: 'end_at', thenBy: 'customer_id' },
  live: { as: 'session', last: 5 },
  // `at` names the watermark of one partition.
  output: { stream: 'fraud.sessions', key: 'customerId', layout: ['at'], counted: 'sessions' },
});

const alerts = tableOf(alertRaisedType, {
  name: 'alerts',
  label: 'Alerts',
  store: 'sqlite',
  key: ['alert_id'],
  columns: [
    { name: 'alert_id', kind: 'text', from: 'alertId' },
    { name: 'case_id', kind: 'text', from: 'caseId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'terminal_id', kind: 'long', from: 'terminalId' },
    { name: 'amount_cents', kind: 'long', from: 'amountCents' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'score', kind: 'double', from: 'score' },
    { name: 'model', kind: 'text', from: 'model' },
    { name: 'severity', kind: 'text', from: 'severity' },
    { name: 'reasons', kind: 'json', from: 'reasons' },
    { name: 'session_start', kind: 'instant', from: 'sessionStart', isState: false },
    { name: 'session_count', kind: 'int', from: 'sessionCount', isState: false },
    { name: 'rules', kind: 'json', from: 'rules', isState: false },
    { name: 'committed_at', kind: 'instant', from: '$committedAt', isState: false },
    { name: 'stream', kind: 'text', from: '$stream', isState: false },
    { name: 'partition', kind: 'int', from: '$partition', isState: false },
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
  ],
  indexes: [
    { name: 'alerts_by_time', columns: ['occurred_at'] },
    { name: 'alerts_by_case', columns: ['case_id'] },
  ],
  counts: { as: 'alerts', isHeadline: true },
  read: {
    path: 'alerts',
    columns: [
      ...['alert_id', 'case_id', 'customer_id', 'transaction_id', 'terminal_id', 'amount_cents', 'occurred_at'],
      ...['score', 'model', 'severity', 'rules', 'reasons', 'session_start', 'session_count', 'stream', 'partition'],
      { name: 'offset', of: 'log_offset' },
    ],
    newest: 'occurred_at',
    thenBy: 'alert_id',
  },
  live: { as: 'alert', last: 200 },
  shown: ['occurred_at', 'severity', 'customer_id', 'amount_cents', 'score', 'reasons'],
  output: {
    stream: 'fraud.alerts',
    key: 'customerId',
    later: ['rules'],
    counted: 'alerts',
    alertId: 'alertId',
    about: {
      record: transactionType.name,
      same: ['transactionId'],
      scope: ['customerId'],
      from: 'sessionStart',
      to: 'occurredAt',
    },
  },
});

const alertDeliveries = tableOf(alertDeliveryType, {
  name: 'alert_deliveries',
  label: 'Deliveries of alerts',
  store: 'sqlite',
  key: ['alert_id', 'sink'],
  columns: [
    { name: 'alert_id', kind: 'text', from: 'alertId' },
    { name: 'sink', kind: 'text', from: 'sink' },
    { name: 'outcome', kind: 'text', from: 'outcome' },
    { name: 'attempts', kind: 'int', from: 'attempts' },
    { name: 'error', kind: 'text', from: 'error', nullable: true },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
  ],
  isOfProcess: true,
});

export const FRAUD_TABLES: readonly Table[] = [
  ...[transactions, labels, scores, sessions, alerts, alertDeliveries],
  ...CASE_TABLES,
  ...MODEL_TABLES,
];
