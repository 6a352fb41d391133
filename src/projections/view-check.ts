/**
 * A view's rows beside DuckDB's answer to the same statement over the same events, in a database of its own in memory: an
 * answer that nothing of the engine had a hand in.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { AvroRecord } from '../messages/avro.ts';
import { type AvroAsSql, sqlOfAvro } from '../sql/avro-type.ts';
import { typeText } from '../sql/type.ts';
import { textOf } from '../sql/value-text.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { rowsOf } from './duckdb-reading.ts';
import type { Row } from './store.ts';

export interface EventTable {
  /** The table's name in a statement, points included. */
  readonly name: string;
  readonly schema: AvroRecord;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

export interface ViewCheck {
  readonly statement: string;
  readonly tables: readonly EventTable[];
  /** The view's own rows. */
  readonly view: Omit<EventTable, 'name'>;
  /** Columns that are not compared. */
  readonly without: readonly string[];
  /** Only windows that end by then count, in epoch ms, of those that table functions give; null for all of them. */
  readonly closedMs: number | null;
  /** How events become sessions, as SQL over their fields. */
  readonly sessions: Sessions;
}

export interface Sessions {
  readonly keys: readonly string[];
  readonly where: string | null;
}

export interface ViewFindings {
  readonly rows: number;
  /** How many rows only one of the two has, and some of these rows. */
  readonly missing: number;
  readonly surplus: number;
  readonly examples: readonly Row[];
}

const EXAMPLES = 5;

/**
 * Windows as table functions, which DuckDB lacks. Buckets begin at DuckDB's origin. `query_table` takes the name of a
 * table as a text. A session has one key and the events that the statement takes. A new session begins where the event
 * before is further away than the gap.
 */
function macros(closedMs: number | null, { keys, where }: Sessions): string[] {
  const isClosed =
    closedMs === null || !Number.isFinite(closedMs) ? '' : `WHERE window_end <= make_timestamp(${closedMs} * 1000)`;
  const partition = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')}`;
  return [
    // The table has the newest event of each key, and no other.
    'CREATE MACRO latest(t) AS TABLE SELECT * FROM query_table(t)',
    `CREATE MACRO tumble(t, ts, size) AS TABLE SELECT * FROM (
       SELECT *, time_bucket(size, ts) AS window_start, time_bucket(size, ts) + size AS window_end
       FROM query_table(t)) ${isClosed}`,
    `CREATE MACRO hop(t, ts, every, size) AS TABLE SELECT * FROM (
       SELECT *, window_start + size AS window_end FROM (
         SELECT *, unnest(generate_series(time_bucket(every, ts - size) + every, time_bucket(every, ts), every)) AS window_start
         FROM query_table(t))) ${isClosed}`,
    `CREATE MACRO session(t, ts, gap) AS TABLE SELECT * FROM (
       SELECT * EXCLUDE (begins_, session_), min(ts) OVER own AS window_start, max(ts) OVER own + gap AS window_end FROM (
         SELECT *, sum(begins_) OVER (${partition} ORDER BY ts ROWS UNBOUNDED PRECEDING) AS session_ FROM (
           SELECT *, CASE WHEN ts - lag(ts) OVER (${partition} ORDER BY ts) > gap THEN 1 ELSE 0 END AS begins_
           FROM query_table(t) ${where === null ? '' : `WHERE ${where}`}))
       WINDOW own AS (PARTITION BY ${[...keys, 'session_'].join(', ')})) ${isClosed}`,
  ];
}

/** Compares a view's rows with DuckDB's. Throws when DuckDB refuses the statement. */
export async function checkView({
  statement,
  tables,
  view,
  without,
  closedMs,
  sessions,
}: ViewCheck): Promise<ViewFindings> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-check-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    for (const macro of macros(closedMs, sessions)) await connection.run(macro);
    for (const [i, table] of tables.entries()) await load(connection, directory, `events_${i}`, table);
    for (const [i, { name }] of tables.entries()) await nameTable(connection, name, `events_${i}`);
    const all = await load(connection, directory, 'given', { name: 'given', ...view });
    const columns = all.filter(([name]) => !without.includes(name));
    await connection.run(`CREATE TABLE wanted AS ${statement}`);
    const listed = (table: string): string =>
      `SELECT ${columns.map(([name, sql]) => `${comparable(quotedName(name), sql)} AS ${quotedName(name)}`).join(', ')} FROM ${table}`;
    const difference = (one: string, other: string): string => `(${listed(one)} EXCEPT ALL ${listed(other)})`;
    const [missing, surplus] = [difference('wanted', 'given'), difference('given', 'wanted')];
    const count = async (of: string): Promise<number> =>
      Number((await rowsOf(connection, `SELECT count(*) AS n FROM ${of}`))[0]?.n ?? 0);
    const examples = async (of: string, only: string): Promise<Row[]> =>
      rowsOf(connection, `SELECT ${quotedText(only)} AS only_in, * FROM ${of} LIMIT ${EXAMPLES}`);
    return {
      rows: await count('wanted'),
      missing: await count(missing),
      surplus: await count(surplus),
      examples: [...(await examples(missing, 'statement')), ...(await examples(surplus, 'view'))],
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * A column in a form that both sides share. A double has ten digits, because sums of many have other last digits in
 * another order. A list has no order in a group. A time that the view has in milliseconds is cut off there, as the view
 * cuts off what it computes of microseconds.
 */
function comparable(name: string, { type, ticksPerMs }: AvroAsSql): string {
  if (type.kind === 'timestamp' && ticksPerMs === 1) return `date_trunc('millisecond', CAST(${name} AS TIMESTAMP))`;
  if (type.kind === 'double') return `CASE WHEN isfinite(${name}) THEN printf('%.9e', ${name} + 0.0) END`;
  return type.kind === 'list' ? `list_sort(${name})` : name;
}

/** Loads rows. Each value is DuckDB's text of it, which DuckDB reads back as the same. */
async function load(
  connection: DuckDBConnection,
  directory: string,
  table: string,
  { schema, events }: EventTable,
): Promise<[string, AvroAsSql][]> {
  const columns = schema.fields.flatMap(({ name, type }) => {
    const sql = sqlOfAvro(type);
    return sql === null ? [] : [{ name, sql, text: textOfValue(sql) }];
  });
  const file = join(directory, `${table}.jsonl`);
  const lines = events.map((event) => JSON.stringify(columns.map(({ name, text }) => text(event[name]))));
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  const casts = columns.map(
    ({ name, sql }, i) => `CAST(row[${i + 1}] AS ${typeText(sql.type)}) AS ${quotedName(name)}`,
  );
  await connection.run(
    `CREATE TABLE ${table} AS SELECT ${casts.join(', ')} FROM (
       SELECT CAST(json AS VARCHAR[]) AS row FROM read_ndjson_objects(${quotedText(file)}))`,
  );
  return columns.map(({ name, sql }) => [name, sql]);
}

function textOfValue({ type, value }: AvroAsSql): (decoded: unknown) => string | null {
  const text = textOf(type);
  return (decoded) => {
    const own = value(decoded);
    return own === null ? null : text(own);
  };
}

/**
 * Names a table as statements do: `payments.transactions` is a schema and a view in it, and a third name before them is
 * a database.
 */
async function nameTable(connection: DuckDBConnection, name: string, table: string): Promise<void> {
  const parts = name.split('.');
  const [own = name, schema, database, ...more] = parts.toReversed();
  if (more.length > 0) throw new Error(`${name} has more than three names, and DuckDB's tables have at most three`);
  if (database !== undefined) await connection.run(`ATTACH IF NOT EXISTS ':memory:' AS ${quotedName(database)}`);
  const within = [database ?? [], schema ?? []].flat().map(quotedName).join('.');
  if (within !== '') await connection.run(`CREATE SCHEMA IF NOT EXISTS ${within}`);
  const path = within === '' ? quotedName(own) : `${within}.${quotedName(own)}`;
  await connection.run(`CREATE VIEW ${path} AS SELECT * FROM memory.main.${table}`);
}
