/** All that the stores have of one case, however old: itself, its alerts, and what its customer did meanwhile. */
import type { Row, StoreQuery } from '../projections/store.ts';
import { hexText } from '../sql-quotes.ts';
import { similarCases } from './similar-cases.ts';

export interface CaseFile {
  /** Columns as in the table `cases`. */
  readonly case: Row;
  /** Oldest first, each with what became of its deliveries. */
  readonly alerts: readonly Row[];
  readonly deliveries: readonly Row[];
  /** With their scores and where each stands in the journal, oldest first: from the start of the session that the case began in to its last hit. */
  readonly transactions: readonly Row[];
  /** Closed sessions of that time, oldest first. */
  readonly sessions: readonly Row[];
  /** What analysts did and wanted, oldest first. */
  readonly actions: readonly Row[];
  /** Cases of other customers that have most in common with it, the most alike first: `similarCases`. */
  readonly similar: readonly Row[];
  /** Whether there are more of anything than are here; the newest are. */
  readonly isCut: boolean;
}

const MAX_ROWS = 500;

/** Gives queries one after the other, and is given their rows. Null when there is no such case. */
export function* caseFile(caseId: string): Generator<StoreQuery, CaseFile | null, readonly Row[]> {
  const id = hexText(caseId);
  const [found] = yield {
    store: 'sqlite',
    sql: `SELECT case_id, customer_id, state, holder, snoozed_until, hits, amount_cents, opened_at, last_hit_at
      FROM cases WHERE case_id = ${id}`,
  };
  if (found === undefined) return null;
  const alerts = yield {
    store: 'sqlite',
    sql: `SELECT alert_id, case_id, customer_id, transaction_id, terminal_id, amount_cents, occurred_at, score, model, severity,
      reasons, rules, session_start, session_count, stream, partition, log_offset AS "offset" FROM alerts WHERE case_id = ${id}
      ORDER BY occurred_at DESC, alert_id DESC LIMIT ${MAX_ROWS + 1}`,
  };
  const deliveries = yield {
    store: 'sqlite',
    sql: `SELECT alert_id, sink, outcome, attempts, error, changed_at FROM alert_deliveries
      WHERE alert_id IN (SELECT alert_id FROM alerts WHERE case_id = ${id}) ORDER BY changed_at DESC LIMIT ${MAX_ROWS + 1}`,
  };
  const customer = Number(found.customer_id);
  const untilMs = Number(found.last_hit_at);
  const sinceMs = Math.min(Number(found.opened_at), ...alerts.map((alert) => Number(alert.session_start)));
  const during = `customer_id = ${customer} AND occurred_at BETWEEN ${instant(sinceMs)} AND ${instant(untilMs)}`;
  const transactions = yield {
    store: 'duckdb',
    sql: `SELECT t.transaction_id, t.terminal_id, t.amount_cents, epoch_ms(t.occurred_at) AS occurred_at, s.score, s.model,
      s.session_count, s.own_mean_cents, s.deviations, t.partition, t.log_offset AS "offset",
      EXISTS (FROM rule_hits h WHERE h.transaction_id = t.transaction_id AND h.case_id = ${duckText(caseId)}) AS is_hit,
      l.fraud
      FROM (SELECT * FROM transactions WHERE ${during}) AS t
      LEFT JOIN (SELECT * FROM scores WHERE ${during}
        QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY occurred_at DESC) = 1) AS s
        ON s.transaction_id = t.transaction_id
      LEFT JOIN (SELECT transaction_id, arg_max(fraud, known_at) AS fraud FROM labels WHERE customer_id = ${customer}
        GROUP BY transaction_id) AS l ON l.transaction_id = t.transaction_id
      ORDER BY t.occurred_at DESC, t.transaction_id DESC LIMIT ${MAX_ROWS + 1}`,
  };
  const sessions = yield {
    store: 'duckdb',
    sql: `SELECT customer_id, epoch_ms(start_at) AS start_at, epoch_ms(end_at) AS end_at, count, total_cents, max_score
      FROM sessions WHERE customer_id = ${customer} AND sessions.end_at > ${instant(sinceMs)}
        AND sessions.start_at <= ${instant(untilMs)}
      ORDER BY sessions.start_at DESC LIMIT ${MAX_ROWS + 1}`,
  };
  const actions = yield {
    store: 'sqlite',
    sql: `SELECT requested_at, action, "by", note, outcome, state, detail, at FROM case_actions WHERE case_id = ${id}
      ORDER BY requested_at DESC, command_id LIMIT ${MAX_ROWS + 1}`,
  };
  const similar = yield { store: 'sqlite', sql: similarCases(id, customer) };
  const all = [alerts, deliveries, transactions, sessions, actions];
  const oldestFirst = (rows: readonly Row[]): readonly Row[] => rows.slice(0, MAX_ROWS).reverse();
  return {
    case: found,
    alerts: oldestFirst(alerts),
    deliveries: oldestFirst(deliveries),
    transactions: oldestFirst(transactions),
    sessions: oldestFirst(sessions),
    actions: oldestFirst(actions),
    similar,
    isCut: all.some((rows) => rows.length > MAX_ROWS),
  };
}

function instant(ms: number): string {
  return `make_timestamp(${BigInt(ms) * 1000n})`;
}

/** For DuckDB. */
function duckText(text: string): string {
  return `decode(unhex('${Buffer.from(text, 'utf8').toString('hex')}'))`;
}
