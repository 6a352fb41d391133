/**
 * The value up to which a table can be read without missing a row. A transaction that began before we looked may commit
 * later, with values below those that we saw. So the largest value is remembered together with the transactions that
 * run right after it was seen. Rows up to that value are read once all these transactions have ended: a later
 * transaction draws larger values from the sequence or the clock. CREATE INDEX CONCURRENTLY waits for transactions in
 * the same way (WaitForOlderSnapshots).
 */
import type { PgSession } from '../../postgres/session.ts';

export interface Settling {
  readonly upTo: readonly string[];
  /** Transactions that may still bring rows below it. */
  readonly running: ReadonlySet<string>;
}

/** Every transaction holds a lock on itself, and everybody sees these locks; one that was prepared has no process any more. */
const RUNNING = `
  SELECT l.virtualxid AS id, l.pid::text AS what FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
  WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted AND a.datname = current_database()
    AND l.pid <> pg_catalog.pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
  UNION ALL
  SELECT 'prepared ' || gid, gid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()`;

/** By id, what it is for people: the number of its process, or its name. */
export async function runningTransactions(session: PgSession): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows(RUNNING);
  return new Map(rows.map(({ id, what }) => [String(id), String(what)]));
}

/** Those of them that run still. */
export function stillRunning({ running }: Settling, now: ReadonlyMap<string, string>): readonly string[] {
  return [...running].flatMap((id) => now.get(id) ?? []);
}
