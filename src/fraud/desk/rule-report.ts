/**
 * The worth of each rule: its hits, how many of these were fraud by the labels of today, and the outcome of its cases.
 * A transaction without a label is taken as genuine once its label is due, and is not counted before.
 */
import type { Row, StoreQuery } from '../../projections/store.ts';

/** How long the label of a transaction may take. */
const LABEL_DELAY_MS = 7 * 86_400_000;

/** Rules as a pipeline file declares them. */
export interface DeclaredRule {
  readonly name: string;
  readonly where: string;
  readonly enabled: boolean;
}

/** Those that are declared and those that ever fired. */
export function* ruleReport(declared: readonly DeclaredRule[]): Generator<StoreQuery, readonly Row[], readonly Row[]> {
  // The last label of a transaction holds: an analyst's, or that of a chargeback that came later.
  const rules = yield {
    store: 'duckdb',
    sql: `WITH known AS (
        SELECT transaction_id, arg_max(fraud, known_at) AS fraud FROM labels GROUP BY transaction_id
      ), latest AS (SELECT max(occurred_at) AS at, count(*) AS transactions FROM transactions),
      judged AS (
        SELECT h.*, k.fraud IS NOT NULL OR epoch_ms(l.at) - epoch_ms(h.occurred_at) >= ${LABEL_DELAY_MS} AS is_known,
          coalesce(k.fraud, false) AS is_fraud, l.transactions
        FROM rule_hits h CROSS JOIN latest l LEFT JOIN known k ON k.transaction_id = h.transaction_id
      )
      SELECT rule, count(*) AS hits, count(*) / any_value(transactions) AS hit_rate,
        count(*) FILTER (WHERE is_known) AS known, count(*) FILTER (WHERE is_fraud) AS frauds,
        count(*) FILTER (WHERE is_fraud) / nullif(count(*) FILTER (WHERE is_known), 0) AS precision,
        coalesce(sum(amount_cents) FILTER (WHERE is_fraud), 0)::BIGINT AS fraud_cents,
        count(DISTINCT case_id) AS cases, count(*) FILTER (WHERE suppression_id IS NOT NULL) AS suppressed,
        epoch_ms(max(occurred_at)) AS last_hit_at
      FROM judged GROUP BY rule ORDER BY hits DESC, rule`,
  };
  const outcomes = yield {
    store: 'sqlite',
    sql: `SELECT json_each.value AS rule, sum(cases.state = 'confirmed') AS confirmed,
        sum(cases.state = 'false_positive') AS false_positive, sum(cases.state = 'expired') AS expired
      FROM alerts, json_each(alerts.rules) JOIN cases ON cases.case_id = alerts.case_id GROUP BY json_each.value`,
  };
  const of = new Map(outcomes.map(({ rule, ...counts }) => [rule, counts]));
  const none = { confirmed: 0, false_positive: 0, expired: 0 };
  const known = new Map(declared.map((rule) => [rule.name, rule]));
  const said = ({ name, where, enabled }: DeclaredRule): Row => ({ rule: name, where, enabled });
  const fired = rules.map((row) => {
    const rule = known.get(String(row.rule));
    const now = rule === undefined ? { where: null, enabled: false } : said(rule);
    return { ...row, ...(of.get(row.rule ?? null) ?? none), ...now };
  });
  const counts = {
    hits: 0,
    hit_rate: 0,
    known: 0,
    frauds: 0,
    precision: null,
    fraud_cents: 0,
    cases: 0,
    suppressed: 0,
  };
  const silent = declared.filter(({ name }) => !rules.some((row) => row.rule === name));
  return [...fired, ...silent.map((rule) => ({ ...said(rule), ...counts, last_hit_at: null, ...none }))];
}
