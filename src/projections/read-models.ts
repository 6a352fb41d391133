/** The reads that the API offers by name: each is one query against one store, newest rows first. */
import type { StoreName } from './store.ts';

export const READ_MODELS = ['sessions', 'alerts', 'cases', 'runs', 'dead_letters', 'actor_history', 'weather'] as const;
export type ReadModel = (typeof READ_MODELS)[number];

export interface ReadQuery {
  readonly store: StoreName;
  readonly sql: string;
}

/** The query of a read model. `limit` is a whole number from 1 to 1,001. Throws a RangeError on any other. */
export function readQuery(model: ReadModel, limit: number): ReadQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1001)
    throw new RangeError(`limit must be 1 to 1001, not ${limit}`);
  switch (model) {
    case 'sessions':
      return {
        store: 'duckdb',
        sql: `SELECT customer_id, epoch_ms(start_at) AS start_at, epoch_ms(end_at) AS end_at, count, total_cents, max_score
          FROM sessions ORDER BY sessions.end_at DESC, customer_id LIMIT ${limit}`,
      };
    case 'weather':
      return {
        store: 'duckdb',
        sql: `SELECT provider, place, epoch_ms(observed_at) AS observed_at, temperature_celsius, humidity_percent,
          precipitation_mm, wind_speed_kmh, pressure_hpa FROM weather
          QUALIFY row_number() OVER (PARTITION BY provider, place, weather.observed_at ORDER BY fetched_at DESC) = 1
          ORDER BY weather.observed_at DESC, place LIMIT ${limit}`,
      };
    case 'alerts':
      return {
        store: 'sqlite',
        sql: `SELECT alert_id, case_id, customer_id, transaction_id, terminal_id, amount_cents, occurred_at, score, model,
          severity, reasons, stream, partition, log_offset AS "offset" FROM alerts
          ORDER BY occurred_at DESC, alert_id LIMIT ${limit}`,
      };
    case 'cases':
      return {
        store: 'sqlite',
        sql: `SELECT case_id, customer_id, state, hits, amount_cents, opened_at, last_hit_at FROM cases
          ORDER BY last_hit_at DESC, case_id LIMIT ${limit}`,
      };
    case 'runs':
      return {
        store: 'sqlite',
        sql: `SELECT job, run_id, interval_start, interval_end, state, attempt, changed_at, records, message FROM runs
          ORDER BY interval_end DESC, job LIMIT ${limit}`,
      };
    case 'dead_letters':
      return {
        store: 'sqlite',
        sql: `SELECT stream, source, position, reason, detail, substr(CAST(raw AS TEXT), 1, 500) AS raw,
          log_offset AS "offset" FROM dead_letters ORDER BY log_offset DESC LIMIT ${limit}`,
      };
    case 'actor_history':
      return {
        store: 'sqlite',
        sql: `SELECT actor, change, restarts, error, changed_at FROM actor_history ORDER BY log_offset DESC LIMIT ${limit}`,
      };
  }
}

/**
 * Alerts that a sink has neither taken nor been given up for, or that were asked for again. Rows hold what the API's
 * alerts hold, and `raised_at`: from when their age counts.
 */
export function undeliveredAlertsSql(sink: string, limit: number): string {
  return `SELECT a.alert_id, case_id, customer_id, transaction_id, terminal_id, amount_cents, occurred_at, score, model,
    severity, reasons, session_start, session_count, coalesce(d.changed_at, a.committed_at) AS raised_at
    FROM alerts a LEFT JOIN alert_deliveries d ON d.alert_id = a.alert_id AND d.sink = '${sink.replaceAll("'", "''")}'
    WHERE d.outcome IS NULL OR d.outcome = 'requeued' ORDER BY occurred_at LIMIT ${limit}`;
}
