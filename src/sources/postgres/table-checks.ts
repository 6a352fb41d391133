/** Whether a table can be read as the pipeline file says, as it is asked before a service starts. */
import { openSession, type PgSession, PostgresError } from '../../postgres/session.ts';
import type { SourceStream, Unreachable } from '../adapter.ts';
import { columnsOf, type PostgresSourceSettings, tableSql } from './settings.ts';

/** Columns of the primary key, in its order; none where there is none. */
export async function primaryKey(session: PgSession, table: string): Promise<readonly string[]> {
  const rows = await session.rows(
    `SELECT a.attname AS name FROM pg_catalog.pg_index i
     CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(column_number, place)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.column_number
     WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY k.place`,
    [tableSql(table)],
  );
  return rows.map(({ name }) => String(name));
}

/** SQLSTATE of what only a change of the pipeline file, or of rights, mends: access rule, syntax, undefined names. */
const CONFIGURATION = /^(?:42|3D|28|3F)/;

export async function checkTable(settings: PostgresSourceSettings, stream: SourceStream): Promise<Unreachable | null> {
  try {
    const session = await openSession(settings, 'millrace check', 10_000);
    try {
      const message = await problemOf(session, settings, stream);
      return message === null ? null : { kind: 'configuration', message };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof PostgresError)) throw error;
    return { kind: CONFIGURATION.test(error.code) ? 'configuration' : 'down', message: error.message };
  }
}

async function problemOf(
  session: PgSession,
  settings: PostgresSourceSettings,
  stream: SourceStream,
): Promise<string | null> {
  const { table, query, increasing, slot, snapshot } = settings;
  const from = table === null ? `(${query}) r` : tableSql(table);
  const [found] = await session.rows(
    `SELECT coalesce(json_object_agg(k, true), '{}')::text AS names
     FROM (SELECT json_object_keys(to_json(r)) AS k FROM (SELECT * FROM ${from} LIMIT 1) r) names`,
  );
  const names = table === null ? Object.keys(JSON.parse(String(found?.names))) : await columnNames(session, table);
  // Of a query that gives no row yet the columns are not known.
  const isKnown = names.length > 0;
  for (const { field, column } of columnsOf(settings, stream)) {
    const hasDefault = stream.schema.fields.some((each) => each.name === field && each.default !== undefined);
    if (!isKnown || names.includes(column) || hasDefault) continue;
    return `has no column ${column} for the field ${field}; known: ${names.join(', ')}. Write \`columns: { ${field}: column }\` where it has another name`;
  }
  for (const column of increasing ?? []) {
    if (isKnown && !names.includes(column)) return `has no column ${column} to read by; known: ${names.join(', ')}`;
  }
  if (slot === null || table === null) return null;
  const [level] = await session.rows('SHOW wal_level');
  if (level?.wal_level !== 'logical') {
    return `the server has wal_level = ${level?.wal_level}, and changes need \`ALTER SYSTEM SET wal_level = logical\` and a restart of it; or read by \`increasing\``;
  }
  const key = await primaryKey(session, table);
  if (key.length === 0 && snapshot === 'initial') {
    return `${table} has no primary key, by which its rows could be read; write \`snapshot: never\``;
  }
  return identityProblem(session, settings, stream, table, key);
}

async function columnNames(session: PgSession, table: string): Promise<readonly string[]> {
  const rows = await session.rows(
    'SELECT attname AS name FROM pg_catalog.pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum',
    [tableSql(table)],
  );
  return rows.map(({ name }) => String(name));
}

/** A deletion carries the columns of the replica identity alone; the key of the stream has to be among them. */
async function identityProblem(
  session: PgSession,
  settings: PostgresSourceSettings,
  stream: SourceStream,
  table: string,
  primary: readonly string[],
): Promise<string | null> {
  const column = columnsOf(settings, stream).find(({ field }) => field === stream.key)?.column ?? stream.key;
  const [row] = await session.rows(
    `SELECT c.relreplident::text AS identity, coalesce(bool_or(a.attname = $2), false) AS has
     FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisreplident
     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
     WHERE c.oid = $1::regclass GROUP BY c.relreplident`,
    [tableSql(table), column],
  );
  const { identity, has } = row ?? {};
  const isSent = identity === 'f' || (identity === 'd' ? primary.includes(column) : identity === 'i' && has === true);
  if (isSent) return null;
  return `a deleted row of ${table} would not say its ${column}, which is the key of the stream; run \`ALTER TABLE ${table} REPLICA IDENTITY FULL\``;
}
