/**
 * Trino by its HTTP protocol (https://trino.io/docs/current/develop/client-protocol.html): a statement is posted, and pages follow
 * at `nextUri` until there is none. A page is kept as it came, so that a number of 64 bits keeps its digits.
 */

import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DeadlinePassed, withinDeadline } from '../../deadline.ts';
import { fetchCause } from '../../fetch-cause.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { type EngineCall, EngineError, type EngineRows } from './engine.ts';
import type { TrinoSettings } from './settings.ts';

/** From a request to the end of its answer; the server itself answers within a second when it has nothing yet. */
const ANSWER_MS = 60_000;
/** DuckDB has buffers for twice the largest page, and for twice so much at least. */
const PAGE_BYTES_MIN = 1024 ** 2;
/** Answers that say "again" (the protocol names 502, 503 and 504), and how often and how long they are waited for. */
const AGAIN: readonly number[] = [429, 502, 503, 504];
const AGAIN_MAX = 60;
const AGAIN_MS = 250;
const PROGRESS_MS = 1_000;

interface Column {
  readonly name: string;
  readonly type: string;
}

interface Page {
  readonly nextUri: string | null;
  readonly columns: readonly Column[] | null;
  readonly hasRows: boolean;
  readonly progress: number | null;
  readonly error: { readonly message: string; readonly type: string } | null;
}

export async function runOnTrino(settings: TrinoSettings, call: EngineCall): Promise<EngineRows> {
  const { context, host } = call;
  const file = host.scratchFile(`${context.idempotencyKey}/trino`, 'jsonl');
  const release = async (): Promise<void> => rmSync(file, { force: true });
  const request = requester(settings, call);
  const pages = await open(file, 'w');
  let columns: readonly Column[] | null = null;
  let next: string | null = null;
  let toldAtMs = 0;
  let largest = PAGE_BYTES_MIN;
  try {
    let answer = await request(new URL('/v1/statement', settings.url), call.sql);
    for (;;) {
      const page = pageOf(answer, settings.url);
      if (page.error !== null) throw new EngineError(`Trino: ${page.error.message}`, page.error.type === 'USER_ERROR');
      columns ??= page.columns;
      next = page.nextUri;
      if (page.hasRows) {
        largest = Math.max(largest, 2 * answer.length);
        await pages.appendFile(`${answer}\n`);
      }
      if (page.progress !== null && host.nowMs() - toldAtMs >= PROGRESS_MS) {
        toldAtMs = host.nowMs();
        context.log('info', `Trino: ${Math.round(page.progress)} %`);
      }
      if (next === null) break;
      answer = await request(new URL(next), null);
    }
    await pages.appendFile(`${JSON.stringify({ data: [] })}\n`);
    await pages.close();
    if (columns === null) throw new EngineError('Trino: the statement gives no rows: a step has one that reads', true);
    return { sql: rowsSql(file, columns, largest), release };
  } catch (error) {
    await pages.close();
    await release();
    // The query goes on by itself for minutes else.
    if (next !== null) await host.http.fetch(next, { method: 'DELETE', headers: headersOf(settings) }).catch(() => {});
    throw error;
  }
}

function headersOf({ user, password, catalog, schema }: TrinoSettings): Record<string, string> {
  return {
    'X-Trino-User': user,
    'X-Trino-Source': 'millrace',
    'X-Trino-Time-Zone': 'UTC',
    ...(catalog === null ? {} : { 'X-Trino-Catalog': catalog }),
    ...(schema === null ? {} : { 'X-Trino-Schema': schema }),
    ...(password === null ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }),
  };
}

function requester(settings: TrinoSettings, { host, signal }: EngineCall) {
  const { host: server } = new URL(settings.url);
  async function once(url: URL, body: string | null): Promise<{ readonly status: number; readonly text: string }> {
    // A page's address comes from the server: what the password may go to is the server alone.
    if (settings.password !== null && url.host !== server) {
      throw new EngineError(`Trino at ${server} leads to ${url.host}, which is not given the password`, true);
    }
    try {
      return await withinDeadline(ANSWER_MS, host.http.startTimer, signal, async (aborts) => {
        const response = await host.http.fetch(url, {
          method: body === null ? 'GET' : 'POST',
          headers: headersOf(settings),
          redirect: 'error',
          signal: aborts,
          ...(body === null ? {} : { body }),
        });
        return { status: response.status, text: await response.text() };
      });
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof DeadlinePassed ? `no answer within ${ANSWER_MS / 1000} s` : fetchCause(error);
      throw new EngineError(`Trino at ${server} can't be asked: ${why}`, false);
    }
  }
  return async (url: URL, body: string | null): Promise<string> => {
    for (let attempt = 1; ; attempt++) {
      const { status, text } = await once(url, body);
      if (status === 200) return text;
      if (!AGAIN.includes(status) || attempt === AGAIN_MAX) {
        throw new EngineError(
          `Trino at ${server} answered ${status}: ${text.slice(0, 200)}`,
          status === 401 || status === 403,
        );
      }
      await host.sleep(AGAIN_MS, signal);
    }
  };
}

function pageOf(text: string, url: string): Page {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new EngineError(`${url} does not speak Trino's protocol: ${text.slice(0, 100)}`, true);
  }
  const page = fieldsOf(found);
  const error = fieldsOf(page.error);
  const stats = fieldsOf(page.stats);
  const where = fieldsOf(error.errorLocation);
  const line = where.lineNumber === undefined ? '' : ` (line ${where.lineNumber}, column ${where.columnNumber})`;
  return {
    nextUri: typeof page.nextUri === 'string' ? page.nextUri : null,
    columns: Array.isArray(page.columns) ? page.columns.map(columnOf) : null,
    hasRows: Array.isArray(page.data) && page.data.length > 0,
    progress: typeof stats.progressPercentage === 'number' ? stats.progressPercentage : null,
    error:
      page.error === undefined ? null : { message: `${String(error.message)}${line}`, type: String(error.errorType) },
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function columnOf(column: unknown): Column {
  const { name, type } = fieldsOf(column);
  return { name: String(name), type: String(type) };
}

function rowsSql(file: string, columns: readonly Column[], pageBytes: number): string {
  const selected = columns.map(({ name, type }, i) => `${valueSql(type, i)} AS ${quotedName(name)}`);
  const source = `read_json(${quotedText(file)}, format = 'newline_delimited', columns = {data: 'JSON[]'}, maximum_object_size = ${pageBytes})`;
  return `SELECT ${selected.join(', ')} FROM (SELECT unnest(data) AS r FROM ${source})`;
}

/** DuckDB's types by those of Trino; all others are JSON. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^bigint$/, 'BIGINT'],
  [/^integer$/, 'INTEGER'],
  [/^smallint$/, 'SMALLINT'],
  [/^tinyint$/, 'TINYINT'],
  [/^boolean$/, 'BOOLEAN'],
  [/^double$/, 'DOUBLE'],
  [/^real$/, 'FLOAT'],
  [/^(?:varchar|char)(?:\(\d+\))?$/, 'VARCHAR'],
  [/^date$/, 'DATE'],
  [/^timestamp(?:\([0-6]\))?$/, 'TIMESTAMP'],
  [/^timestamp\(\d+\)$/, 'TIMESTAMP_NS'],
  [/^timestamp(?:\(\d+\))? with time zone$/, 'TIMESTAMPTZ'],
  [/^time(?:\(\d+\))?$/, 'TIME'],
  [/^uuid$/, 'UUID'],
];

function valueSql(type: string, index: number): string {
  const text = `(r ->> '$[${index}]')`;
  if (type === 'varbinary') return `from_base64(${text})`;
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(type);
  if (decimal !== null) return `CAST(${text} AS DECIMAL(${decimal[1]}, ${decimal[2]}))`;
  const known = TYPES.find(([pattern]) => pattern.test(type))?.[1];
  return known === undefined ? `CAST(r -> '$[${index}]' AS VARCHAR)` : `CAST(${text} AS ${known})`;
}
