/** What DuckDB answers over the inputs of a pipeline, to hold its results against. */
import { DuckDBInstance } from '@duckdb/node-api';

/** Runs the statements in a database of their own; then the rows of each query by its name, as texts, sorted. */
export async function sqlAnswers(
  statements: readonly string[],
  queries: Readonly<Record<string, string>>,
): Promise<Record<string, string[]>> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
    const answers: Record<string, string[]> = {};
    for (const [name, sql] of Object.entries(queries)) {
      const rows = (await connection.runAndReadAll(sql)).getRowsJS();
      answers[name] = rows.map((row) => row.map(String).join(' ')).sort();
    }
    return answers;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The time of a side of a join as a row of SQL would have it as a text. */
export function timeOf(side: unknown): string {
  return typeof side === 'object' && side !== null && 'occurredAt' in side ? String(side.occurredAt) : 'null';
}
