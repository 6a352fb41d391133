/**
 * What a statement sees under which name: tables of the read models as they were when the statement began, job tables, and
 * of its own run those that are not published. All of it is a catalog in memory that goes with the statement.
 */
import { rowsOf } from '../projections/duckdb-reading.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { stagedTable } from './names.ts';
import { type LinesTable, MODELS_CATALOG, type RunStatement } from './protocol.ts';
import type { JobConnection } from './publish.ts';

let lastNumber = 0;

export async function openCatalog(
  connection: JobConnection,
  { models, lines, windows = [], identity }: Pick<RunStatement, 'models' | 'lines' | 'windows' | 'identity'>,
  staged: ReadonlyMap<string, string>,
): Promise<{ close(): Promise<void> }> {
  lastNumber += 1;
  const [catalog, snapshot] = [`run_${lastNumber}`, `models_${lastNumber}`];
  const attached = models === null ? [catalog] : [catalog, snapshot];
  await connection.run(`ATTACH ':memory:' AS ${catalog}`);
  if (models !== null) {
    await connection.run(`ATTACH ${quotedText(models)} AS ${snapshot} (READ_ONLY)`);
    for (const sql of await viewsOf(connection, snapshot, catalog)) await connection.run(sql);
  }
  for (const table of lines) await connection.run(linesView(catalog, table));
  for (const [table, mode] of staged) {
    if (mode !== 'replace') continue;
    const own = `jobs.main.${quotedName(stagedTable(identity.runId, table))}`;
    await connection.run(`CREATE OR REPLACE VIEW ${catalog}.main.${quotedName(table)} AS SELECT * FROM ${own}`);
  }
  await connection.run(`SET search_path = '${catalog}.main,jobs.main'`);
  for (const { name, sql } of models === null ? [] : windows) {
    await connection.run(
      `CREATE VIEW IF NOT EXISTS ${catalog}.main.${quotedName(name)} AS ${sql.replaceAll(MODELS_CATALOG, snapshot)}`,
    );
  }
  return {
    async close() {
      await connection.run("SET search_path = 'jobs.main'").catch(() => {});
      for (const name of attached) await connection.run(`DETACH ${name}`).catch(() => {});
    },
  };
}

/** A view for each table and view of the snapshot, in its schema. */
async function viewsOf(connection: JobConnection, snapshot: string, catalog: string): Promise<string[]> {
  const found = await rowsOf(
    connection,
    `SELECT schema_name, table_name AS name FROM duckdb_tables() WHERE database_name = '${snapshot}' AND NOT internal
     UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = '${snapshot}' AND NOT internal`,
  );
  const schemas = new Set(found.map(({ schema_name: schema }) => quotedName(String(schema))));
  return [
    ...[...schemas].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${catalog}.${schema}`),
    ...found.map(({ schema_name: schema, name }) => {
      const path = `${quotedName(String(schema))}.${quotedName(String(name))}`;
      return `CREATE VIEW ${catalog}.${path} AS SELECT * FROM ${snapshot}.${path}`;
    }),
  ];
}

function linesView(catalog: string, { name, file, columns }: LinesTable): string {
  const types = columns.map((column) => `${quotedText(column.name)}: ${quotedText(column.type)}`).join(', ');
  const values = columns.map((column) => `${column.sql} AS ${quotedName(column.name)}`).join(', ');
  return `CREATE OR REPLACE VIEW ${catalog}.main.${quotedName(name)} AS
    SELECT ${values} FROM read_json(${quotedText(file)}, format = 'newline_delimited', columns = {${types}})`;
}
