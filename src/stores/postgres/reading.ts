/** Queries of a PostgreSQL store: on a connection of their own, in a transaction that can't write. */

import { openSession } from '../../postgres/session.ts';
import type { Row } from '../../projections/store.ts';
import { quotedName } from '../../sql-quotes.ts';
import type { PostgresStore } from './options.ts';

const ROWS_A_BATCH = 1000;

/** Rows as they come. Rejects with the reason of the signal once that aborts; the statement then ends with its connection. */
export async function* readRows(
  store: PostgresStore,
  sql: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const session = await openSession(store, 'millrace query');
  const abort = (): void => void session.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await session.run(`SET search_path = ${quotedName(store.schema)}, pg_catalog`);
    await session.run('BEGIN READ ONLY');
    // One statement, which gives rows: a cursor is of nothing else.
    await session.rows(`DECLARE asked NO SCROLL CURSOR FOR ${sql}`, []);
    for (;;) {
      const rows = await session.rows(`FETCH ${ROWS_A_BATCH} FROM asked`);
      signal.throwIfAborted();
      if (rows.length > 0) yield rows;
      if (rows.length < ROWS_A_BATCH) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    await session.close();
  }
}
