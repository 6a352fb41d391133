/** The tables that a PostgreSQL store keeps for itself, and the tables that it finds in the schema. */

import type { PgSession } from '../../postgres/session.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { alterSql, createSql, layoutOf, type PgTable } from './ddl.ts';

/**
 * Offsets are of a table and a log, so that a table that is new is filled from the journal while the others go on. `millrace_refused`
 * are rows that a table has no place for, by their place in the journal.
 */
const OWN_TABLES = `
CREATE TABLE IF NOT EXISTS millrace_tables (
  table_name text PRIMARY KEY, owner bigint NOT NULL, layout text NOT NULL, newest_ms bigint);
CREATE TABLE IF NOT EXISTS millrace_offsets (
  table_name text NOT NULL, log text NOT NULL, next bigint NOT NULL, PRIMARY KEY (table_name, log));
CREATE TABLE IF NOT EXISTS millrace_refused (
  table_name text NOT NULL, log text NOT NULL, log_offset bigint NOT NULL, reason text NOT NULL,
  PRIMARY KEY (table_name, log, log_offset));
CREATE TABLE IF NOT EXISTS millrace_tombstones (
  table_name text NOT NULL, key text NOT NULL, occurred_ms bigint NOT NULL, partition integer NOT NULL,
  log_offset bigint NOT NULL, PRIMARY KEY (table_name, key));
`;

const KEPT_BY_TABLE = ['millrace_offsets', 'millrace_refused', 'millrace_tombstones'] as const;

/** Serialises those who make tables: two that open at once would both make them. */
const LOCK = 0x6d696c6c;

/** Makes the schema and the store's own tables, and what the pipeline file says of the others. Throws in words for people. */
export async function prepareTables(
  session: PgSession,
  schema: string,
  tables: readonly PgTable[],
  owner: number,
): Promise<void> {
  const [found] = await session.rows('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found === undefined) await session.run(`CREATE SCHEMA IF NOT EXISTS ${quotedName(schema)}`);
  await session.run(`SET search_path = ${quotedName(schema)}, pg_catalog`);
  await session.run('BEGIN');
  await session.run(`SELECT pg_advisory_xact_lock(${LOCK})`);
  const [known] = await session.rows(
    "SELECT count(*)::int AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = $1 AND c.relname LIKE 'millrace\\_%' AND c.relkind = 'r'",
    [schema],
  );
  if (Number(known?.n) < KEPT_BY_TABLE.length + 1) await session.run(OWN_TABLES);
  for (const table of tables) await prepare(session, schema, table, owner);
  await session.run('COMMIT');
}

async function prepare(session: PgSession, schema: string, table: PgTable, owner: number): Promise<void> {
  const { name } = table;
  const has = await columnsOf(session, schema, name);
  const [known] = await session.rows('SELECT owner, layout FROM millrace_tables WHERE table_name = $1', [name]);
  if (has.size === 0) {
    // It was dropped by hand, or never made: it begins anew.
    await forget(session, name);
    await dropEnums(session, schema, table);
    for (const sql of createSql(table)) await session.run(sql);
    await session.run('INSERT INTO millrace_tables VALUES ($1, $2, $3)', [name, owner, layoutOf(table)]);
    return;
  }
  if (known === undefined) {
    throw new Error(
      `the schema ${schema} has a table ${name} that is not of this store: name another for ${table.of.of} ` +
        `(\`table: other\`), another \`schema\`, or drop it`,
    );
  }
  if (Number(known.owner) !== owner) {
    throw new Error(
      `the table ${name} of the schema ${schema} is filled from another data directory: name another table or schema, ` +
        'or take it over, emptied, with `millrace replay --projection` and the name of the store',
    );
  }
  if (known.layout !== layoutOf(table)) {
    throw new Error(
      `the table ${name} was made with another key or partitions: name another table, or rebuild this one with ` +
        '`millrace replay --projection` and the name of the store',
    );
  }
  for (const sql of alterSql(table, has)) await session.run(sql);
  for (const { name: type, symbols } of table.enums) {
    const labels = await labelsOf(session, schema, type);
    if (labels.size === 0) continue;
    for (const symbol of symbols) {
      if (!labels.has(symbol))
        await session.run(`ALTER TYPE ${quotedName(type)} ADD VALUE IF NOT EXISTS ${quotedText(symbol)}`);
    }
  }
}

/** By name, their types as format_type() says them; none where there is no such table. */
async function columnsOf(session: PgSession, schema: string, table: string): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace s ON s.oid = c.relnamespace
      WHERE s.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [schema, table],
  );
  return new Map(rows.map(({ name, type }) => [String(name), String(type)]));
}

async function labelsOf(session: PgSession, schema: string, type: string): Promise<ReadonlySet<string>> {
  const rows = await session.rows(
    `SELECT e.enumlabel AS label FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
       JOIN pg_namespace s ON s.oid = t.typnamespace WHERE s.nspname = $1 AND t.typname = $2`,
    [schema, type],
  );
  return new Set(rows.map(({ label }) => String(label)));
}

/** Of a table that is gone: nothing else has them, or the drop says so. */
async function dropEnums(session: PgSession, schema: string, { enums }: PgTable): Promise<void> {
  for (const { name } of enums) {
    if ((await labelsOf(session, schema, name)).size > 0) await session.run(`DROP TYPE ${quotedName(name)}`);
  }
}

async function forget(session: PgSession, table: string): Promise<void> {
  for (const own of [...KEPT_BY_TABLE, 'millrace_tables']) {
    await session.run(`DELETE FROM ${own} WHERE table_name = $1`, [table]);
  }
}

/** Drops the tables of these names that are a store's, whoever's: the next opening makes them. Others stay. */
export async function dropTables(session: PgSession, schema: string, tables: readonly PgTable[]): Promise<void> {
  await session.run(`SET search_path = ${quotedName(schema)}, pg_catalog`);
  const [own] = await session.rows('SELECT to_regclass($1)::text AS name', ['millrace_tables']);
  if (own?.name == null) return;
  await session.run('BEGIN');
  for (const table of tables) {
    const { rows } = { rows: await session.rows('SELECT 1 FROM millrace_tables WHERE table_name = $1', [table.name]) };
    if (rows.length === 0) continue;
    await session.run(`DROP TABLE IF EXISTS ${quotedName(table.name)}`);
    await dropEnums(session, schema, table);
    await forget(session, table.name);
  }
  await session.run('COMMIT');
}
