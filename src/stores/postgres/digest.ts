/**
 * One hash a table, computed by the server. The columns for a row's place in the journal are left out, because the
 * place depends on the layout of partitions.
 */

import { openSession } from '../../postgres/session.ts';
import type { TableDigest } from '../../projections/store.ts';
import { quotedName } from '../../sql-quotes.ts';
import type { PgTable } from './ddl.ts';
import type { PostgresStore } from './options.ts';

/** Positive whole numbers of 64 bits. */
const MODULUS = 2n ** 64n;

export async function digestsOf(store: PostgresStore, tables: readonly PgTable[]): Promise<TableDigest[]> {
  const session = await openSession(store, 'millrace digest', 10 * 60_000);
  try {
    await session.run(`SET search_path = ${quotedName(store.schema)}, pg_catalog`);
    const digests: TableDigest[] = [];
    for (const { name, columns } of tables) {
      // In the order of their names: a column that was added later stands last in a table that was made before.
      const own = columns.map((column) => quotedName(column.name)).sort();
      const [row] = await session.rows(
        `SELECT count(*) AS rows, coalesce(sum(hashtextextended(ROW(${own.join(', ')})::text, 0)), 0)::text AS sum
           FROM ${quotedName(name)}`,
      );
      const hash = ((BigInt(String(row?.sum ?? 0)) % MODULUS) + MODULUS) % MODULUS;
      digests.push({ table: name, rows: Number(row?.rows ?? 0), hash: hash.toString(16).padStart(16, '0') });
    }
    return digests;
  } finally {
    await session.close();
  }
}
