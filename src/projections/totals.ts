/** How many of everything the stores hold: of all time, whichever process took it in. */
import type { Store, StoreName } from './store.ts';

export interface Totals {
  /** Events of all streams. */
  readonly events: number;
  readonly deadLetters: number;
  /** One for each window or join that an event was too late for. */
  readonly lateEvents: number;
  readonly alerts: number;
  readonly openCases: number;
}

/** Tables with a row an event of a built-in stream. */
const EVENT_TABLES: readonly string[] = ['transactions', 'labels', 'weather'];

export async function storeTotals(stores: (name: StoreName) => Store, declared: Iterable<string>): Promise<Totals> {
  const tables = [...EVENT_TABLES, ...declared].map((table) => `(SELECT count(*) FROM "${table}")`);
  const [analytics] = await stores('duckdb').query(
    `SELECT ${tables.join(' + ')} AS events, (SELECT count(*) FROM late_events) AS late_events`,
  );
  const [operations] = await stores('sqlite').query(
    `SELECT (SELECT count(*) FROM alerts) AS alerts, (SELECT count(*) FROM dead_letters) AS dead_letters,
      (SELECT count(*) FROM cases WHERE state = 'open') AS open_cases`,
  );
  return {
    events: Number(analytics?.events),
    lateEvents: Number(analytics?.late_events),
    alerts: Number(operations?.alerts),
    deadLetters: Number(operations?.dead_letters),
    openCases: Number(operations?.open_cases),
  };
}
