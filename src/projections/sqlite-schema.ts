/** Tables of the operations store, and what of them is state: a digest leaves out what the clock or the layout gave. */

/** Raise it whenever SQLITE_SCHEMA or a writer changes: an older file is then rebuilt. */
export const SQLITE_SCHEMA_VERSION = 5;

export const SQLITE_SCHEMA = `
CREATE TABLE offsets (log TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE shapes (stream TEXT PRIMARY KEY, shape TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE tombstones (
  stream TEXT NOT NULL, key NOT NULL, occurred_at INTEGER NOT NULL, partition INTEGER NOT NULL,
  log_offset INTEGER NOT NULL, PRIMARY KEY (stream, key)
) WITHOUT ROWID;

CREATE TABLE runs (
  job TEXT NOT NULL, run_id TEXT NOT NULL, interval_start INTEGER NOT NULL, interval_end INTEGER NOT NULL,
  state TEXT NOT NULL, attempt INTEGER NOT NULL, changed_at INTEGER NOT NULL, records INTEGER NOT NULL, message TEXT,
  PRIMARY KEY (job, run_id)
) WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (interval_end);

CREATE TABLE alerts (
  alert_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, customer_id INTEGER NOT NULL, transaction_id INTEGER NOT NULL,
  terminal_id INTEGER NOT NULL, amount_cents INTEGER NOT NULL, occurred_at INTEGER NOT NULL, score REAL NOT NULL,
  model TEXT NOT NULL, severity TEXT NOT NULL, reasons TEXT NOT NULL, session_start INTEGER NOT NULL,
  session_count INTEGER NOT NULL, committed_at INTEGER NOT NULL,
  stream TEXT NOT NULL, partition INTEGER NOT NULL, log_offset INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX alerts_by_time ON alerts (occurred_at);

CREATE TABLE alert_deliveries (
  alert_id TEXT NOT NULL, sink TEXT NOT NULL, outcome TEXT NOT NULL, attempts INTEGER NOT NULL, error TEXT,
  changed_at INTEGER NOT NULL, PRIMARY KEY (alert_id, sink)
) WITHOUT ROWID;

CREATE TABLE cases (
  case_id TEXT PRIMARY KEY, customer_id INTEGER NOT NULL, state TEXT NOT NULL, hits INTEGER NOT NULL,
  amount_cents INTEGER NOT NULL, opened_at INTEGER NOT NULL, last_hit_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX cases_by_time ON cases (last_hit_at);
CREATE INDEX cases_open ON cases (state) WHERE state = 'open';

CREATE TABLE windows_latest (
  window_name TEXT NOT NULL, key TEXT, partition INTEGER NOT NULL, start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL, revision INTEGER NOT NULL, count INTEGER NOT NULL, aggregates TEXT NOT NULL,
  PRIMARY KEY (window_name, partition)
) WITHOUT ROWID;

CREATE TABLE dead_letters (
  log TEXT NOT NULL, log_offset INTEGER NOT NULL, stream TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL,
  reason TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL, raw_length INTEGER NOT NULL,
  format TEXT NOT NULL, context TEXT NOT NULL, committed_at INTEGER NOT NULL,
  PRIMARY KEY (log, log_offset)
) WITHOUT ROWID;

CREATE TABLE dead_letter_replays (
  log TEXT NOT NULL, log_offset INTEGER NOT NULL, replayed_at INTEGER NOT NULL, PRIMARY KEY (log, log_offset)
) WITHOUT ROWID;

CREATE TABLE actor_history (
  log_offset INTEGER PRIMARY KEY, actor TEXT NOT NULL, change TEXT NOT NULL, restarts INTEGER NOT NULL, error TEXT,
  changed_at INTEGER NOT NULL
);
`;

/**
 * Tables that a process writes about itself, by its clock: equal in every replay of one journal, but not in two journals of
 * the same input, and not after a process was killed.
 */
export const PROCESS_TABLES: ReadonlySet<string> = new Set([
  'runs',
  'alert_deliveries',
  'dead_letter_replays',
  'actor_history',
]);

export const SQLITE_DIGESTS: Readonly<Record<string, string>> = {
  runs: 'SELECT job, run_id, interval_start, interval_end, state, attempt, changed_at, records, message FROM runs',
  alerts: `SELECT alert_id, case_id, customer_id, transaction_id, terminal_id, amount_cents, occurred_at, score, model,
    severity, reasons FROM alerts`,
  alert_deliveries: 'SELECT alert_id, sink, outcome, attempts, error, changed_at FROM alert_deliveries',
  cases: 'SELECT case_id, customer_id, state, hits, amount_cents, opened_at, last_hit_at FROM cases',
  dead_letters: 'SELECT stream, source, position, reason, detail, raw, raw_length FROM dead_letters',
  dead_letter_replays: 'SELECT log, log_offset, replayed_at FROM dead_letter_replays',
  actor_history: 'SELECT actor, change, restarts, error, changed_at FROM actor_history',
};
