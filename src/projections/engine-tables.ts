/** Tables of what every pipeline has: results of windows and joins, late events, dead letters, and actors. */
import {
  actorChangedType,
  commandAskedType,
  deadLetterReplayedType,
  deadLetterType,
  lateEventType,
  querySavedType,
  sinkDeliveryType,
} from '../messages/types.ts';
import { JOIN_RESULTS, WINDOW_RESULTS } from './store.ts';
import { type Table, tableOf } from './table.ts';

/** The store of the results of windows and joins, from which pages of results are read. */
export const RESULTS_STORE = 'duckdb';

/**
 * Each window has a table for its results (duckdb-schema.ts). `window_parts` has those of windows that are configured
 * no more.
 */
const windows: Table = {
  name: 'windows',
  label: 'Window results',
  eventType: WINDOW_RESULTS,
  store: RESULTS_STORE,
  key: null,
  columns: [
    { name: 'window_name', kind: 'text', from: 'window' },
    { name: 'key', kind: 'text', from: 'key', nullable: true },
    { name: 'start_at', kind: 'instant', from: 'start' },
    { name: 'end_at', kind: 'instant', from: 'end' },
    { name: 'revision', kind: 'int', from: 'revision' },
    { name: 'count', kind: 'long', from: 'count' },
    { name: 'aggregates', kind: 'text', from: 'aggregates' },
    { name: 'partition', kind: 'int', from: '$partition', isState: false },
  ],
  view: {
    of: 'window_parts',
    columns: ['window_name', 'key', 'start_at', 'end_at', 'revision', 'count', 'aggregates'],
    sql: null,
  },
};

const joins: Table = {
  name: 'joins',
  label: 'Join results',
  eventType: JOIN_RESULTS,
  store: RESULTS_STORE,
  key: null,
  columns: [
    { name: 'join_name', kind: 'text', from: 'join' },
    { name: 'key', kind: 'text', from: 'key', nullable: true },
    { name: 'joined_at', kind: 'instant', from: 'ts' },
    { name: 'left_event', kind: 'text', from: 'left', nullable: true },
    { name: 'right_event', kind: 'text', from: 'right', nullable: true },
  ],
};

/** How late an event was, and for how many windows, depends on its partition. */
const lateEvents = tableOf(lateEventType, {
  name: 'late_events',
  label: 'Late events',
  store: RESULTS_STORE,
  key: null,
  columns: [
    { name: 'window_name', kind: 'text', from: 'window' },
    { name: 'key', kind: 'text', from: 'key', nullable: true },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'lateness_ms', kind: 'long', from: 'latenessMs', isState: false },
    { name: 'windows_lost', kind: 'int', from: 'windows', isState: false },
    { name: 'event', kind: 'text', from: 'event' },
  ],
  counts: { as: 'lateEvents' },
});

const deadLetters = tableOf(deadLetterType, {
  name: 'dead_letters',
  label: 'Dead letters',
  store: 'sqlite',
  key: ['log', 'log_offset'],
  columns: [
    { name: 'log', kind: 'text', from: '$log', isState: false },
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
    { name: 'stream', kind: 'text', from: 'stream' },
    { name: 'source', kind: 'text', from: 'source' },
    { name: 'position', kind: 'long', from: 'position' },
    { name: 'reason', kind: 'text', from: 'reason' },
    { name: 'detail', kind: 'text', from: 'detail' },
    { name: 'raw', kind: 'bytes', from: 'raw' },
    { name: 'raw_length', kind: 'long', from: 'rawLength' },
    { name: 'format', kind: 'text', from: 'format', isState: false },
    { name: 'context', kind: 'text', from: 'context', isState: false },
    { name: 'committed_at', kind: 'instant', from: '$committedAt', isState: false },
  ],
  counts: { as: 'deadLetters' },
  read: {
    path: 'dead-letters',
    columns: [
      ...['stream', 'source', 'position', 'reason', 'detail'],
      { name: 'raw', of: 'raw', first: 500 },
      { name: 'offset', of: 'log_offset' },
      'log',
    ],
    newest: 'log_offset',
  },
  shown: ['stream', 'position', 'reason', 'detail', 'raw'],
});

/** A table of its own, since its log may be projected before that of the dead letter. */
const deadLetterReplays = tableOf(deadLetterReplayedType, {
  name: 'dead_letter_replays',
  label: 'Replayed dead letters',
  store: 'sqlite',
  key: ['log', 'log_offset'],
  columns: [
    { name: 'log', kind: 'text', from: 'log' },
    { name: 'log_offset', kind: 'long', from: 'offset' },
    { name: 'replayed_at', kind: 'instant', from: 'replayedAt' },
  ],
  isOfProcess: true,
});

const actorHistory = tableOf(actorChangedType, {
  name: 'actor_history',
  label: 'Actor history',
  store: 'sqlite',
  key: ['log_offset'],
  columns: [
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
    { name: 'actor', kind: 'text', from: 'actor' },
    { name: 'change', kind: 'text', from: 'change' },
    { name: 'restarts', kind: 'int', from: 'restarts' },
    { name: 'error', kind: 'text', from: 'error', nullable: true },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
  ],
  isOfProcess: true,
  read: {
    path: 'actor-history',
    columns: ['actor', 'change', 'restarts', 'error', 'changed_at'],
    newest: 'log_offset',
  },
});

/** Commands over HTTP, with who asked for each. */
const commandHistory = tableOf(commandAskedType, {
  name: 'command_history',
  label: 'Command history',
  store: 'sqlite',
  key: ['log_offset'],
  columns: [
    { name: 'log_offset', kind: 'long', from: '$offset', isState: false },
    { name: 'by', kind: 'text', from: 'by' },
    { name: 'method', kind: 'text', from: 'method' },
    { name: 'path', kind: 'text', from: 'path' },
    { name: 'status', kind: 'int', from: 'status' },
    { name: 'asked_at', kind: 'instant', from: 'askedAt' },
  ],
  isOfProcess: true,
  read: { path: 'command-history', columns: ['asked_at', 'by', 'method', 'path', 'status'], newest: 'log_offset' },
});

/** Queries that people have saved. A removed query keeps its name here. */
const savedQueries = tableOf(querySavedType, {
  name: 'saved_queries',
  label: 'Saved queries',
  store: 'sqlite',
  key: ['name'],
  columns: [
    { name: 'name', kind: 'text', from: 'name' },
    { name: 'store', kind: 'text', from: 'store' },
    { name: 'sql', kind: 'text', from: 'sql' },
    { name: 'is_removed', kind: 'boolean', from: 'isRemoved' },
    { name: 'saved_at', kind: 'instant', from: 'savedAt' },
  ],
  isOfProcess: true,
});

/** What a sink did not take, for streams whose domain has no such table. */
const sinkDeliveries = tableOf(sinkDeliveryType, {
  name: 'sink_deliveries',
  label: 'Events that sinks gave up',
  store: 'sqlite',
  key: ['sink', 'log', 'log_offset'],
  columns: [
    { name: 'sink', kind: 'text', from: 'sink' },
    { name: 'log', kind: 'text', from: 'log' },
    { name: 'log_offset', kind: 'long', from: 'offset' },
    { name: 'stream', kind: 'text', from: 'stream' },
    { name: 'outcome', kind: 'text', from: 'outcome' },
    { name: 'attempts', kind: 'int', from: 'attempts' },
    { name: 'error', kind: 'text', from: 'error', nullable: true },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
  ],
  isOfProcess: true,
});

export const ENGINE_TABLES: readonly Table[] = [
  windows,
  joins,
  lateEvents,
  deadLetters,
  deadLetterReplays,
  actorHistory,
  commandHistory,
  savedQueries,
  sinkDeliveries,
];
