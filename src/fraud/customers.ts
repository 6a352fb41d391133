/**
 * The profile of each customer, as a view over the tables of the analytics store: no state is kept for it, and a row is
 * computed when it is asked for. Counts of days are of event time, back from the newest transaction of all.
 */

export const CUSTOMERS = 'fraud_customers';

const counted = (days: number): string =>
  `count(*) FILTER (WHERE occurred_at > latest.at - INTERVAL ${days} DAY) AS transactions_${days}day`;

/** Of several labels of a transaction the one that was known last holds. */
export const CUSTOMERS_SQL = `WITH latest AS (SELECT max(occurred_at) AS at FROM transactions),
  paid AS (
    SELECT customer_id, count(*) AS transactions, ${counted(7)}, ${counted(30)},
      sum(amount_cents)::BIGINT AS total_cents, avg(amount_cents) AS mean_cents, max(amount_cents) AS largest_cents,
      count(DISTINCT terminal_id) AS terminals, min(occurred_at) AS first_at, max(occurred_at) AS last_at
    FROM transactions CROSS JOIN latest GROUP BY customer_id
  ),
  scored AS (
    SELECT customer_id, max(score) AS highest_score, arg_max(score, (occurred_at, transaction_id)) AS last_score,
      arg_max(model, (occurred_at, transaction_id)) AS last_model
    FROM scores GROUP BY customer_id
  ),
  hit AS (SELECT customer_id, count(*) AS hits, count(DISTINCT case_id) AS cases FROM rule_hits GROUP BY customer_id),
  fraud AS (
    SELECT customer_id, count(*) AS frauds FROM (
      SELECT transaction_id, customer_id, arg_max(fraud, known_at) AS fraud FROM labels GROUP BY ALL
    ) WHERE fraud GROUP BY customer_id
  )
  SELECT customer_id, first_at, last_at, transactions, transactions_7day, transactions_30day, total_cents, mean_cents,
    largest_cents, terminals, last_score, last_model, highest_score, coalesce(hits, 0) AS hits, coalesce(cases, 0) AS cases,
    coalesce(frauds, 0) AS frauds
  FROM paid LEFT JOIN scored USING (customer_id) LEFT JOIN hit USING (customer_id) LEFT JOIN fraud USING (customer_id)`;
