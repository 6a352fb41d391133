/**
 * Statements of steps as DuckDB parses them, before anything runs: their words and brackets, and that each is one that reads. What
 * tables and columns there are is known when they run.
 */
import { bindSql } from '../jobs/sql-text.ts';
import { parseTemplate, type TemplateValue } from '../jobs/template.ts';
import { messageOf } from '../journal/error.ts';
import { duckdbApi } from '../projections/duckdb-api.ts';

export interface Fault {
  readonly message: string;
  /** Of the statement, from 1. */
  readonly character: number;
}

/** For each text what is wrong with it; null where it parses, and where a place of it is at fault, which is said elsewhere. */
export async function statementFaults(texts: readonly string[]): Promise<readonly (Fault | null)[]> {
  if (texts.length === 0) return [];
  const instance = await duckdbApi.DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const found: (Fault | null)[] = [];
  try {
    for (const text of texts) {
      const sql = withSomeValues(text);
      found.push(sql === null ? null : await faultOf(text, sql, connection));
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return found;
}

type Connection = Awaited<ReturnType<InstanceType<typeof duckdbApi.DuckDBInstance>['connect']>>;

async function faultOf(text: string, sql: string, connection: Connection): Promise<Fault | null> {
  try {
    const { count } = await connection.extractStatements(sql);
    if (count === 1) return null;
    return { message: `a step has one statement; this text holds ${count}`, character: 1 };
  } catch (error) {
    const message = messageOf(error).replace(/^Failed to extract statements: /, '');
    const [what = message, ...shown] = message.split('\n').filter((line) => line.trim() !== '');
    return { message: what.replace(/^Parser Error: /, ''), character: characterOf(text, shown.join('\n')) };
  }
}

/** DuckDB names the line: `LINE 2: …`. Where its statement has a value for a place, the column is another; lines are the same. */
function characterOf(text: string, shown: string): number {
  const line = Number(/LINE (\d+):/.exec(shown)?.[1] ?? 1);
  const before = text.split('\n').slice(0, line - 1);
  const start = before.reduce((sum, each) => sum + each.length + 1, 0);
  // A character of the line that is not indentation has a place of its own in the file.
  const indent = /^\s*/.exec(text.slice(start))?.[0].length ?? 0;
  return Math.min(start + indent, text.length - 1) + 1;
}

/** The statement with a value of some kind in each of its places. */
function withSomeValues(text: string): string | null {
  const template = parseTemplate(text);
  if ('problem' in template) return null;
  const formats = new Map(template.flatMap((part) => (typeof part === 'string' ? [] : [[part.name, part.format]])));
  const valueFor = (name: string): TemplateValue => {
    const format = formats.get(name);
    if (format === 'join') return ['1'];
    return name.startsWith('interval.') || (format !== null && format !== undefined) ? { instantMs: 0 } : '1';
  };
  try {
    return bindSql(template, valueFor).sql;
  } catch {
    return null;
  }
}
