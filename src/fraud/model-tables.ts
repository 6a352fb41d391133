/** Tables of models: promotions and rollbacks, outages, rounds of training, and the scores of a challenger. */
import { type Table, tableOf } from '../projections/table.ts';
import { challengerScoredType, modelChangedType, modelOutageType, modelRoundType } from './types.ts';

/** A row a command and partition. */
const modelChanges = tableOf(modelChangedType, {
  name: 'model_changes',
  label: 'Changes of models',
  store: 'sqlite',
  key: ['command_id', 'partition'],
  columns: [
    { name: 'command_id', kind: 'text', from: 'commandId' },
    { name: 'partition', kind: 'int', from: '$partition', isState: false },
    { name: 'action', kind: 'text', from: 'action' },
    { name: 'model', kind: 'text', from: 'model' },
    { name: 'threshold', kind: 'double', from: 'threshold' },
    { name: 'reason', kind: 'text', from: 'reason' },
    { name: 'measured', kind: 'text', from: 'measured' },
    { name: 'outcome', kind: 'text', from: 'outcome' },
    { name: 'detail', kind: 'text', from: 'detail' },
    { name: 'previous', kind: 'text', from: 'previous' },
    { name: 'by', kind: 'text', from: 'by' },
    { name: 'note', kind: 'text', from: 'note' },
    { name: 'requested_at', kind: 'instant', from: 'requestedAt' },
    { name: 'at', kind: 'instant', from: 'at' },
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
  ],
  indexes: [{ name: 'model_changes_by_time', columns: ['requested_at'] }],
  read: {
    path: 'model-changes',
    columns: [
      ...[
        'command_id',
        'partition',
        'action',
        'model',
        'threshold',
        'reason',
        'outcome',
        'detail',
        'previous',
        'by',
        'note',
      ],
      ...['requested_at', 'at', { name: 'offset', of: 'log_offset' }],
    ],
    newest: 'requested_at',
    thenBy: 'command_id',
    only: { of: ['command_id'], by: 'log_offset' },
  },
  counts: {
    as: 'modelChanges',
    where: "outcome = 'done' AND action IN ('promote', 'rollback') AND \"partition\" = 0",
    gauge: { name: 'model_promotions', help: 'Promotions of models and rollbacks so far.' },
  },
  output: { stream: 'fraud.model-changes', key: 'model' },
});

const modelRounds = tableOf(modelRoundType, {
  name: 'model_rounds',
  label: 'Rounds of training',
  store: 'sqlite',
  key: ['round_id'],
  columns: [
    { name: 'round_id', kind: 'text', from: 'roundId' },
    { name: 'by', kind: 'text', from: 'by' },
    { name: 'ran_at', kind: 'instant', from: 'ranAt' },
    { name: 'kind', kind: 'text', from: 'kind' },
    { name: 'model', kind: 'text', from: 'model' },
    { name: 'champion', kind: 'text', from: 'champion' },
    { name: 'outcome', kind: 'text', from: 'outcome' },
    { name: 'why', kind: 'text', from: 'why' },
    { name: 'trained_from', kind: 'instant', from: 'trainedFrom' },
    { name: 'trained_to', kind: 'instant', from: 'trainedTo' },
    { name: 'judged_from', kind: 'instant', from: 'judgedFrom' },
    { name: 'judged_to', kind: 'instant', from: 'judgedTo' },
    { name: 'frauds', kind: 'long', from: 'frauds' },
    { name: 'figures', kind: 'text', from: 'figures' },
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
  ],
  indexes: [{ name: 'model_rounds_by_time', columns: ['ran_at'] }],
  read: {
    path: 'model-rounds',
    columns: [
      ...['round_id', 'by', 'ran_at', 'kind', 'model', 'champion', 'outcome', 'why'],
      ...['trained_from', 'trained_to', 'judged_from', 'judged_to', 'frauds', 'figures'],
      { name: 'offset', of: 'log_offset' },
    ],
    newest: 'ran_at',
    thenBy: 'round_id',
  },
  counts: {
    as: 'modelRounds',
    gauge: { name: 'model_rounds', help: 'Rounds of training so far, also those that promoted nothing.' },
  },
  output: { stream: 'fraud.model-rounds', key: 'model' },
});

/** A row a model, role and partition: how it stands now. */
const modelOutages = tableOf(modelOutageType, {
  name: 'model_outages',
  label: 'Outages of models',
  store: 'sqlite',
  key: ['model', 'role', 'partition'],
  columns: [
    { name: 'model', kind: 'text', from: 'model' },
    { name: 'role', kind: 'text', from: 'role' },
    { name: 'partition', kind: 'int', from: '$partition', isState: false },
    { name: 'state', kind: 'text', from: 'state' },
    { name: 'instead', kind: 'text', from: 'instead' },
    { name: 'detail', kind: 'text', from: 'detail' },
    { name: 'at', kind: 'instant', from: 'at' },
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
  ],
  read: {
    path: 'model-outages',
    columns: ['model', 'role', 'partition', 'state', 'instead', 'detail', 'at', { name: 'offset', of: 'log_offset' }],
    newest: 'at',
    thenBy: 'model',
  },
  counts: {
    as: 'modelOutages',
    where: "state = 'began'",
    gauge: {
      name: 'model_outages',
      help: 'Partitions in which a champion or challenger does not score, since the service lacks what the model needs.',
    },
  },
  output: { stream: 'fraud.model-outages', key: 'model' },
});

const challengerScores = tableOf(challengerScoredType, {
  name: 'challenger_scores',
  label: 'Scores of challengers',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'score', kind: 'double', from: 'score' },
    { name: 'model', kind: 'text', from: 'model' },
    { name: 'reached', kind: 'boolean', from: 'reached' },
    { name: 'live_score', kind: 'double', from: 'liveScore' },
    { name: 'live_model', kind: 'text', from: 'liveModel' },
  ],
  output: { stream: 'fraud.challenger-scores', key: 'customerId' },
});

export const MODEL_TABLES: readonly Table[] = [modelChanges, modelRounds, modelOutages, challengerScores];
