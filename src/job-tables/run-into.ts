/** A statement of a user's, whose rows become a table or a file. */

import type { SqlParameter } from '../jobs/sql-text.ts';
import { messageOf } from '../journal/error.ts';
import { duckdbApi } from '../projections/duckdb-api.ts';
import { quotedText } from '../sql-quotes.ts';
import type { FileTarget, RunStatement } from './protocol.ts';
import type { JobConnection } from './publish.ts';

const { DuckDBDateValue, DuckDBTimestampValue, StatementType } = duckdbApi;

/**
 * Runs `begin` with the statement behind it. Resolves with the number of rows. Throws, with the line of the statement, when DuckDB
 * refuses it, and when it is no one statement that reads.
 */
export async function runInto(
  connection: JobConnection,
  begin: string,
  { sql, parameters, target }: Pick<RunStatement, 'sql' | 'parameters' | 'target'>,
): Promise<number> {
  const statements = await connection.extractStatements(sql).catch((error: unknown) => {
    throw inLines(error, 0);
  });
  if (statements.count !== 1) throw new Error(`A step has one statement; this text holds ${statements.count}`);
  const prepared = await statements.prepare(0).catch((error: unknown) => {
    throw inLines(error, 0);
  });
  if (prepared.statementType !== StatementType.SELECT)
    throw new Error('The statement of a step reads: SELECT, FROM or WITH');
  // On a line of its own, so that DuckDB counts the lines of the user's text.
  const whole = target.kind === 'file' ? `${begin} (\n${sql}\n) ${fileTarget(target)}` : `${begin}\n${sql}`;
  try {
    const result = await connection.run(whole, parameters.map(duckdbValue));
    const [[count] = []] = await result.getRows();
    return typeof count === 'bigint' ? Number(count) : 0;
  } catch (error) {
    throw inLines(error, 1);
  }
}

function fileTarget({ path, format }: FileTarget): string {
  switch (format) {
    case 'parquet':
      return `TO ${quotedText(path)} (FORMAT parquet, COMPRESSION zstd)`;
    case 'csv':
      return `TO ${quotedText(path)} (FORMAT csv, HEADER)`;
    case 'jsonl':
      return `TO ${quotedText(path)} (FORMAT json)`;
  }
}

function duckdbValue(parameter: SqlParameter) {
  if (parameter === null || typeof parameter === 'string' || typeof parameter === 'boolean') return parameter;
  if (typeof parameter === 'number') return Number.isSafeInteger(parameter) ? BigInt(parameter) : parameter;
  if ('days' in parameter) return new DuckDBDateValue(parameter.days);
  return new DuckDBTimestampValue(BigInt(Math.round(parameter.instantMs)) * 1000n);
}

/** With the line of the user's text: `ours` stand before it. */
function inLines(error: unknown, ours: number): Error {
  const message = messageOf(error)
    .replace(/^Failed to extract statements: /, '')
    .replace(/\bLINE (\d+):/, (_, line: string) => `line ${Number(line) - ours} of the statement:`);
  return new Error(message, { cause: error });
}
