/** Drops the tables of a store, which are then made and filled anew. */
import { openSession } from '../../postgres/session.ts';
import { dropTables } from './catalog.ts';
import { pgTable } from './ddl.ts';
import type { PostgresStore } from './options.ts';

export async function erasePostgres(store: PostgresStore): Promise<void> {
  const session = await openSession(store, 'millrace');
  try {
    await dropTables(session, store.schema, store.tables.map(pgTable));
  } finally {
    await session.close();
  }
}
