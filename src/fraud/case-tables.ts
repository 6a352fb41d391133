/** Tables of cases: hits of rules, the cases, what analysts did about them, and suppressions. */
import { type Table, tableOf } from '../projections/table.ts';
import { caseActedType, caseChangedType, ruleHitType, suppressionChangedType } from './types.ts';

const CASE_STATUS = ['state', 'holder', 'snoozed_until'];
const IS_OPEN = "state IN ('open', 'acknowledged', 'snoozed')";

/** A row a case, as it stands: only the event that opened it makes the row. */
const cases = tableOf(caseChangedType, {
  name: 'cases',
  label: 'Cases',
  store: 'sqlite',
  key: ['case_id'],
  columns: [
    { name: 'case_id', kind: 'text', from: 'caseId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    {
      name: 'state',
      kind: 'text',
      from: 'change',
      values: { opened: 'open', released: 'open', falsePositive: 'false_positive' },
    },
    { name: 'hits', kind: 'int', from: 'hits' },
    { name: 'amount_cents', kind: 'long', from: 'amountCents' },
    { name: 'opened_at', kind: 'instant', from: 'occurredAt' },
    { name: 'last_hit_at', kind: 'instant', from: 'occurredAt', onUpdate: 'max' },
    // The digest of what analysts did is that of their actions.
    { name: 'holder', kind: 'text', from: 'holder', nullable: true, isState: false },
    { name: 'snoozed_until', kind: 'instant', from: 'snoozedUntil', nullable: true, isState: false },
  ],
  updates: {
    field: 'change',
    by: {
      hit: ['hits', 'amount_cents', 'last_hit_at'],
      acknowledged: CASE_STATUS,
      released: CASE_STATUS,
      snoozed: CASE_STATUS,
      confirmed: CASE_STATUS,
      falsePositive: CASE_STATUS,
      expired: CASE_STATUS,
    },
  },
  indexes: [
    { name: 'cases_by_time', columns: ['last_hit_at'] },
    { name: 'cases_open', columns: ['state'], where: IS_OPEN },
  ],
  counts: {
    as: 'openCases',
    where: IS_OPEN,
    isHeadline: true,
    gauge: { name: 'open_cases', help: 'Fraud cases that are open.' },
  },
  read: {
    path: 'cases',
    columns: [
      ...[
        'case_id',
        'customer_id',
        'state',
        'holder',
        'snoozed_until',
        'hits',
        'amount_cents',
        'opened_at',
        'last_hit_at',
      ],
    ],
    newest: 'last_hit_at',
    thenBy: 'case_id',
  },
  output: { stream: 'fraud.cases', key: 'customerId', later: ['holder', 'snoozedUntil'] },
});

const ruleHits = tableOf(ruleHitType, {
  name: 'rule_hits',
  label: 'Hits of rules',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'rule', kind: 'text', from: 'rule' },
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'terminal_id', kind: 'long', from: 'terminalId' },
    { name: 'amount_cents', kind: 'long', from: 'amountCents' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'score', kind: 'double', from: 'score' },
    { name: 'case_id', kind: 'text', from: 'caseId', nullable: true },
    { name: 'suppression_id', kind: 'text', from: 'suppressionId', nullable: true },
  ],
  output: { stream: 'fraud.rule-hits', key: 'customerId' },
});

const caseActions = tableOf(caseActedType, {
  name: 'case_actions',
  label: 'Actions on cases',
  store: 'sqlite',
  key: ['command_id'],
  columns: [
    { name: 'command_id', kind: 'text', from: 'commandId' },
    { name: 'case_id', kind: 'text', from: 'caseId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'action', kind: 'text', from: 'action' },
    { name: 'by', kind: 'text', from: 'by' },
    { name: 'note', kind: 'text', from: 'note' },
    { name: 'outcome', kind: 'text', from: 'outcome' },
    { name: 'state', kind: 'text', from: 'state', values: { falsePositive: 'false_positive' } },
    { name: 'detail', kind: 'text', from: 'detail' },
    { name: 'requested_at', kind: 'instant', from: 'requestedAt' },
    { name: 'at', kind: 'instant', from: 'at' },
  ],
  indexes: [
    { name: 'case_actions_by_case', columns: ['case_id'] },
    { name: 'case_actions_by_time', columns: ['requested_at'] },
  ],
  read: {
    path: 'case-actions',
    columns: ['command_id', 'case_id', 'action', 'by', 'note', 'outcome', 'state', 'detail', 'requested_at', 'at'],
    newest: 'requested_at',
    thenBy: 'command_id',
  },
  output: { stream: 'fraud.case-actions', key: 'caseId' },
});

/** A row a suppression, as the partition that spoke last has it. */
const suppressions = tableOf(suppressionChangedType, {
  name: 'suppressions',
  label: 'Suppressions',
  store: 'sqlite',
  key: ['suppression_id'],
  columns: [
    { name: 'suppression_id', kind: 'text', from: 'suppressionId' },
    { name: 'change', kind: 'text', from: 'change' },
    { name: 'customer_id', kind: 'long', from: 'customerId', nullable: true },
    { name: 'terminal_id', kind: 'long', from: 'terminalId', nullable: true },
    { name: 'rule', kind: 'text', from: 'rule', nullable: true },
    { name: 'by', kind: 'text', from: 'by' },
    { name: 'note', kind: 'text', from: 'note' },
    { name: 'requested_at', kind: 'instant', from: 'requestedAt' },
    { name: 'since', kind: 'instant', from: 'since', isState: false },
    { name: 'until', kind: 'instant', from: 'until', isState: false },
    { name: 'command_id', kind: 'text', from: 'commandId' },
  ],
  indexes: [{ name: 'suppressions_by_time', columns: ['requested_at'] }],
  read: {
    path: 'suppressions',
    columns: [
      ...[
        'suppression_id',
        'change',
        'customer_id',
        'terminal_id',
        'rule',
        'by',
        'note',
        'requested_at',
        'since',
        'until',
      ],
    ],
    newest: 'requested_at',
    thenBy: 'suppression_id',
  },
  output: { stream: 'fraud.suppressions', key: 'suppressionId' },
});

export const CASE_TABLES: readonly Table[] = [cases, ruleHits, caseActions, suppressions];
