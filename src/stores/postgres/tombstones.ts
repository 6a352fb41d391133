/**
 * Tombstones in a table that has the newest event of each key. A tombstone takes its key's row away and is kept, so
 * that an older event does not bring the row back.
 */

import type { PgSession } from '../../postgres/session.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { type PgTable, PLACE_COLUMNS } from './ddl.ts';

export interface Grave {
  /** As its column's text. */
  readonly key: string;
  /** Epoch ms. */
  readonly occurredAt: number;
  readonly partition: number;
  readonly offset: number;
}

/** By which of two of a key is the newer, of a row in the table. */
function placeOf(table: PgTable, alias: string): string {
  const time = table.columns.find(({ column }) => column.name === table.of.time);
  const at = `${alias}.${quotedName(time?.name ?? '')}`;
  const ms = time?.column.type.kind === 'timestamp' ? `(extract(epoch FROM ${at}) * 1000)::bigint` : `${at}::bigint`;
  return `(${[ms, ...PLACE_COLUMNS.map((name) => `${alias}.${name}`)].join(', ')})`;
}

function isFraction({ columns: [key] }: PgTable): boolean {
  return key?.column.type.kind === 'double' || key?.column.type.kind === 'float';
}

/** A DOUBLE as the server writes it, where 0 and -0 are one. */
function keyText(table: PgTable, alias: string): string {
  const [key] = table.columns;
  const column = `${alias}.${quotedName(key?.name ?? '')}`;
  return isFraction(table) ? `(${column}::float8 + 0)::text` : `${column}::text`;
}

/** A condition on rows that are to be written. */
export function notBuried(table: PgTable, alias: string): string {
  return `NOT EXISTS (SELECT 1 FROM millrace_tombstones d WHERE d.table_name = ${quotedText(table.name)}
    AND d.key = ${keyText(table, alias)} AND (d.occurred_ms, d.partition, d.log_offset) > ${placeOf(table, alias)})`;
}

/** Behind the rows of the transaction, some of which may be newer. */
export async function buryTombstones(session: PgSession, table: PgTable, graves: readonly Grave[]): Promise<void> {
  const newest = new Map<string, Grave>();
  for (const grave of graves) {
    const known = newest.get(grave.key);
    if (known === undefined || isNewer(grave, known)) newest.set(grave.key, grave);
  }
  const all = [...newest.values()];
  const columns = [
    all.map(({ key }) => key),
    all.map(({ occurredAt }) => occurredAt),
    all.map(({ partition }) => partition),
    all.map(({ offset }) => offset),
  ];
  const given = `(SELECT ${isFraction(table) ? 'key::float8::text' : 'key'} AS key, occurred_ms, partition, log_offset FROM
    unnest($1::text[], $2::bigint[], $3::int[], $4::bigint[]) AS g (key, occurred_ms, partition, log_offset)) AS d`;
  await session.run(
    `DELETE FROM ${quotedName(table.name)} t USING ${given}
      WHERE ${keyText(table, 't')} = d.key AND ${placeOf(table, 't')} < (d.occurred_ms, d.partition, d.log_offset)`,
    columns,
  );
  await session.run(
    `INSERT INTO millrace_tombstones AS g SELECT ${quotedText(table.name)}, d.key, d.occurred_ms, d.partition, d.log_offset FROM ${given}
      ON CONFLICT (table_name, key) DO UPDATE SET occurred_ms = excluded.occurred_ms, partition = excluded.partition,
        log_offset = excluded.log_offset
      WHERE (excluded.occurred_ms, excluded.partition, excluded.log_offset) > (g.occurred_ms, g.partition, g.log_offset)`,
    columns,
  );
}

function isNewer(one: Grave, other: Grave): boolean {
  if (one.occurredAt !== other.occurredAt) return one.occurredAt > other.occurredAt;
  return one.partition === other.partition ? one.offset > other.offset : one.partition > other.partition;
}
