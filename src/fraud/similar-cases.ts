/** Cases that look alike: those that share terminals and reasons with one. */

/** So many of the newest alerts are looked through, by their index of time. */
const ALERTS_LOOKED_AT = 5_000;
const SHOWN = 10;

/**
 * A statement of SQLite: cases of other customers with an alert at one of the case's terminals, or for the same reasons, and
 * what became of each. A terminal in common weighs more than every reason: it is rarer. `id` is a literal of SQLite.
 */
export function similarCases(id: string, customer: number): string {
  return `WITH
    terminals AS (SELECT DISTINCT terminal_id FROM alerts WHERE case_id = ${id}),
    codes AS (SELECT DISTINCT r.value ->> 'code' AS code FROM alerts a, json_each(a.reasons) r WHERE a.case_id = ${id}),
    looked AS (SELECT case_id, terminal_id, reasons FROM alerts WHERE case_id IS NOT NULL AND case_id <> ${id}
      AND customer_id <> ${customer} ORDER BY occurred_at DESC LIMIT ${ALERTS_LOOKED_AT}),
    alike AS (SELECT case_id, count(DISTINCT terminal) AS shared_terminals, count(DISTINCT code) AS shared_reasons FROM (
      SELECT case_id, terminal_id AS terminal, NULL AS code FROM looked WHERE terminal_id IN (SELECT terminal_id FROM terminals)
      UNION ALL SELECT case_id, NULL, r.value ->> 'code' FROM looked, json_each(looked.reasons) r
        WHERE r.value ->> 'code' IN (SELECT code FROM codes)) GROUP BY case_id)
    SELECT c.case_id, c.customer_id, c.state, c.hits, c.amount_cents, c.last_hit_at, a.shared_terminals, a.shared_reasons
    FROM alike a JOIN cases c ON c.case_id = a.case_id
    ORDER BY a.shared_terminals DESC, a.shared_reasons DESC, c.last_hit_at DESC, c.case_id LIMIT ${SHOWN}`;
}
