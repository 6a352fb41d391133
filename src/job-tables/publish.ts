/** The rows of a run become a part of their table, or all of it, in one transaction. */
import type { duckdbApi } from '../projections/duckdb-api.ts';
import { rowsOf } from '../projections/duckdb-reading.ts';
import type { Row } from '../projections/store.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { PUBLISHED, STAGED } from './names.ts';
import type { Publication, TableWrite } from './protocol.ts';

export type JobConnection = Awaited<ReturnType<InstanceType<typeof duckdbApi.DuckDBInstance>['connect']>>;

/** Publishes what was staged. What was published before is given as it was. Throws when there is neither. */
export async function publish(
  connection: JobConnection,
  runId: string,
  table: string,
  nowMs: number,
): Promise<Publication> {
  const of = `run_id = ${quotedText(runId)} AND table_name = ${quotedText(table)}`;
  const [staged] = await rowsOf(connection, `SELECT * FROM ${quotedName(STAGED)} WHERE ${of}`);
  if (staged === undefined) {
    const [known] = await rowsOf(connection, `SELECT * FROM ${quotedName(PUBLISHED)} WHERE ${of}`);
    if (known === undefined) throw new Error(`Run ${runId} has no rows for the table ${table}`);
    return publicationOf(known);
  }
  const write: TableWrite = JSON.parse(String(staged.write_mode));
  await connection.run('BEGIN TRANSACTION');
  try {
    for (const sql of writing(write, quotedName(table), quotedName(String(staged.name)))) await connection.run(sql);
    if (write.mode !== 'replace') await insert(connection, write, table, String(staged.name));
    const [count] = await rowsOf(connection, `SELECT count(*) AS n FROM ${quotedName(table)}`);
    const columns = 'run_id, table_name, job, step, mode, rows, hash';
    await connection.run(`DELETE FROM ${quotedName(PUBLISHED)} WHERE ${of}`);
    await connection.run(
      `INSERT INTO ${quotedName(PUBLISHED)} SELECT ${columns}, ${Number(count?.n ?? 0)}, ${nowMs}, false FROM ${quotedName(STAGED)} WHERE ${of}`,
    );
    await connection.run(`DELETE FROM ${quotedName(STAGED)} WHERE ${of}`);
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => {});
    throw error;
  }
  const [published] = await rowsOf(connection, `SELECT * FROM ${quotedName(PUBLISHED)} WHERE ${of}`);
  return publicationOf(published ?? {});
}

export function publicationOf(row: Row): Publication {
  const mode = String(row.mode);
  return {
    job: String(row.job),
    step: String(row.step),
    runId: String(row.run_id),
    table: String(row.table_name),
    mode: mode === 'append' || mode === 'interval' || mode === 'upsert' ? mode : 'replace',
    rows: Number(row.rows),
    hash: String(row.hash),
    tableRows: Number(row.table_rows),
    publishedAt: Number(row.published_at),
  };
}

function writing(write: TableWrite, table: string, staged: string): string[] {
  switch (write.mode) {
    case 'replace':
      return [`DROP TABLE IF EXISTS ${table}`, `ALTER TABLE ${staged} RENAME TO ${table}`];
    case 'append':
      return [created(table, staged)];
    case 'interval': {
      const column = quotedName(write.column);
      const [start, end] = [write.startMs, write.endMs].map((ms) => `make_timestamp(${ms}::BIGINT * 1000)`);
      return [created(table, staged), `DELETE FROM ${table} WHERE ${column} >= ${start} AND ${column} < ${end}`];
    }
    case 'upsert': {
      const same = write.key.map(
        (column) => `old.${quotedName(column)} IS NOT DISTINCT FROM new.${quotedName(column)}`,
      );
      return [created(table, staged), `DELETE FROM ${table} AS old USING ${staged} AS new WHERE ${same.join(' AND ')}`];
    }
  }
}

function created(table: string, staged: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} AS SELECT * FROM ${staged} LIMIT 0`;
}

/** A column that the table does not have yet is added: the rows before have null in it. */
async function insert(connection: JobConnection, write: TableWrite, table: string, staged: string): Promise<void> {
  const columnsOf = (name: string): Promise<Row[]> =>
    rowsOf(
      connection,
      `SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND database_name = current_database() AND table_name = ${quotedText(name)}`,
    );
  const known = new Set((await columnsOf(table)).map(({ column_name: name }) => String(name)));
  for (const { column_name: name, data_type: type } of await columnsOf(staged)) {
    if (!known.has(String(name)))
      await connection.run(`ALTER TABLE ${quotedName(table)} ADD COLUMN ${quotedName(String(name))} ${type}`);
  }
  if (write.mode === 'upsert') await requireUnique(connection, staged, write.key);
  await connection.run(`INSERT INTO ${quotedName(table)} BY NAME SELECT * FROM ${quotedName(staged)}`);
  await connection.run(`DROP TABLE ${quotedName(staged)}`);
}

async function requireUnique(connection: JobConnection, staged: string, key: readonly string[]): Promise<void> {
  const columns = key.map(quotedName).join(', ');
  const [twice] = await rowsOf(
    connection,
    `SELECT ${columns}, count(*) AS n FROM ${quotedName(staged)} GROUP BY ${columns} HAVING count(*) > 1 LIMIT 1`,
  );
  if (twice === undefined) return;
  const { n, ...values } = twice;
  throw new Error(`The key of the upsert is in ${n} rows of the run: ${JSON.stringify(values)}`);
}
