/** DuckDB, to ask it for its answers. */
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

let connection: Promise<DuckDBConnection> | null = null;

export async function duckdbRows(statement: string): Promise<DuckDBValue[][]> {
  connection ??= DuckDBInstance.create(':memory:').then((instance) => instance.connect());
  const reader = await (await connection).runAndReadAll(statement);
  return reader.getRows();
}

/** The text of an expression's value. */
export async function duckdbText(expression: string): Promise<string | null> {
  const [[value = null] = []] = await duckdbRows(`SELECT CAST((${expression}) AS VARCHAR)`);
  return value === null ? null : String(value);
}
