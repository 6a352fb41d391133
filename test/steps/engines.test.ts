/** Statements that another engine runs: its protocol, its types, its errors, and its rows in a job table as DuckDB's own. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type JobDatabase, openJobDatabase } from '../../src/job-tables/database.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { type Engines, engines } from '../../src/steps/engines/settings.ts';
import { sqlStep } from '../../src/steps/sql.ts';
import type { StepOutcome } from '../../src/steps/step.ts';
import { attemptContext } from './attempt-context.ts';
import { hostOf } from './step-host.ts';

let directory: string;
let database: JobDatabase;
let runs = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-engines-'));
  database = await openJobDatabase({ directory, memoryBytes: 128 * 1024 ** 2, threads: 1 });
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function server(answer: Answer): Promise<string> {
  const found = createServer((request, response) => {
    void text(request).then((body) => answer(request, response, body));
  });
  await new Promise<void>((resolve) => found.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    found.closeAllConnections();
    found.close();
  });
  const address: AddressInfo | string | null = found.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

interface Attempted {
  readonly outcome: StepOutcome;
  /** Of the table, once it is published. */
  readonly rows: readonly unknown[];
  readonly log: readonly string[];
}

async function attempt(
  engine: 'spark' | 'trino' | 'command',
  own: object,
  sql: string,
  { params = {}, signal = new AbortController().signal }: { params?: object; signal?: AbortSignal } = {},
): Promise<Attempted> {
  const settings: Engines = engines.parse({ [engine]: own });
  const runId = `r${++runs}`;
  const log: string[] = [];
  const scratch = join(directory, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const host = hostOf({
    engines: settings,
    processes: nodePlatform.processes,
    schemaOf: () => null,
    auditsOf: () => [],
    scratchFile: (key, ending) => join(scratch, `${key.replaceAll('/', '-')}.${ending}`),
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
    tables: {
      run: (statement) => database.run({ ...statement, models: null, lines: [] }),
      ask: () => Promise.reject(new Error('unused')),
      rows: () => {
        throw new Error('unused');
      },
      publish: (id, table) => database.publish(id, table, 0),
    },
  });
  const asWritten = { kind: 'sql', sql, into: 'result', write: 'replace', engine } as const;
  const step = sqlStep.open(asWritten, host);
  if (step === null) throw new Error('no step');
  const context = {
    ...attemptContext({ params: { ...params } }),
    runId,
    idempotencyKey: `k${runs}`,
    log: (_: string, line: string) => void log.push(line),
  };
  const outcome = await step.attempt(context, signal);
  if (outcome.kind !== 'done') return { outcome, rows: [], log };
  await outcome.publish?.();
  expect(readdirSync(scratch)).toEqual([]);
  return { outcome, rows: await database.readers.query('SELECT * FROM result ORDER BY ALL'), log };
}

test('Trino’s pages become rows with their types, to the last digit, over answers that say to ask again', async () => {
  const asked: string[] = [];
  const url = await server((request, response, body) => {
    asked.push(
      `${request.method} ${request.url} ${request.headers['x-trino-user']} ${request.headers['x-trino-catalog']} ${body}`,
    );
    const next = (path: string) => `"nextUri":"${url}${path}"`;
    const columns = `"columns":[{"name":"n","type":"bigint"},{"name":"price","type":"decimal(38,2)"},{"name":"day","type":"date"},{"name":"moment","type":"timestamp(3)"},{"name":"x","type":"double"},{"name":"name \\"q\\"","type":"varchar(20)"},{"name":"tags","type":"array(varchar)"},{"name":"raw","type":"varbinary"},{"name":"yes","type":"boolean"}]`;
    const first = `[9007199254740993,"123456789012345678901234567890123456.78","2026-01-02","2026-01-02 03:04:05.678","NaN","it's ünï",["a","b"],"AQI=",true]`;
    const second = `[null,null,null,null,-0.5,null,null,null,null]`;
    if (request.url === '/v1/statement') response.end(`{"id":"q",${next('/1')},"stats":{"state":"QUEUED"}}`);
    else if (asked.length === 2) response.writeHead(503).end('busy');
    else if (request.url === '/1') response.end(`{${next('/2')},${columns},"stats":{"progressPercentage":50}}`);
    else if (request.url === '/2') response.end(`{${next('/3')},${columns},"data":[${first}],"stats":{}}`);
    else response.end(`{${columns},"data":[${second}],"stats":{"state":"FINISHED"}}`);
  });
  const { outcome, rows } = await attempt(
    'trino',
    { url, catalog: 'lake' },
    'SELECT * FROM t WHERE name = {params.name}',
    {
      params: { name: "O'Brien \\" },
    },
  );
  expect(outcome).toMatchObject({ kind: 'done', records: 2 });
  expect(asked[0]).toBe(`POST /v1/statement millrace lake SELECT * FROM t WHERE name = 'O''Brien \\'`);
  const [typed] = await database.readers.query(
    `SELECT n::VARCHAR AS n, price::VARCHAR AS price, day::VARCHAR AS day, moment::VARCHAR AS moment, isnan(x) AS x, "name ""q""" AS name, tags, hex(raw) AS raw, yes,
     typeof(n) || ',' || typeof(price) || ',' || typeof(moment) AS types FROM result WHERE n IS NOT NULL`,
  );
  expect(typed).toEqual({
    n: '9007199254740993',
    price: '123456789012345678901234567890123456.78',
    day: '2026-01-02',
    moment: '2026-01-02 03:04:05.678',
    x: true,
    name: "it's ünï",
    tags: '["a","b"]',
    raw: '0102',
    yes: true,
    types: 'BIGINT,DECIMAL(38,2),TIMESTAMP',
  });
  expect(rows).toHaveLength(2);
});

test('what Trino says of the statement ends the step, and what it says of itself is tried again', async () => {
  const error = (type: string) =>
    `{"error":{"message":"mismatched input","errorType":"${type}","errorLocation":{"lineNumber":1,"columnNumber":8}},"stats":{}}`;
  let type = 'USER_ERROR';
  const url = await server((_, response) => response.end(error(type)));
  const wrong = await attempt('trino', { url }, 'SELECT');
  expect(wrong.outcome).toEqual({ kind: 'permanent', reason: 'Trino: mismatched input (line 1, column 8)' });
  type = 'INSUFFICIENT_RESOURCES';
  expect((await attempt('trino', { url }, 'SELECT 1')).outcome).toMatchObject({ kind: 'retryable' });
  const away = await attempt('trino', { url: 'http://127.0.0.1:9' }, 'SELECT 1');
  expect(away.outcome).toMatchObject({
    kind: 'retryable',
    reason: expect.stringMatching(/^Trino at 127\.0\.0\.1:9 can't be asked: /),
  });
  const other = await server((_, response) => response.end('<html>'));
  expect((await attempt('trino', { url: other }, 'SELECT 1')).outcome).toMatchObject({ kind: 'permanent' });
});

test('a step that is cancelled cancels the query, and a password goes to no other server', async () => {
  const cancel = new AbortController();
  const deleted: string[] = [];
  const url = await server((request, response) => {
    if (request.method === 'DELETE') deleted.push(String(request.url));
    else if (deleted.length === 0 && request.url === '/slow') cancel.abort(new Error('cancelled'));
    response.end(`{"nextUri":"${url}/slow","stats":{}}`);
  });
  await expect(attempt('trino', { url }, 'SELECT 1', { signal: cancel.signal })).rejects.toThrow('cancelled');
  expect(deleted).toEqual(['/slow']);
  const leading = await server((_, response) => response.end('{"nextUri":"http://127.0.0.1:9/x","stats":{}}'));
  const led = await attempt('trino', { url: leading, password: 'p4ss' }, 'SELECT 1');
  expect(led.outcome).toMatchObject({
    kind: 'permanent',
    reason: expect.stringMatching(/leads to 127\.0\.0\.1:9, which is not given/),
  });
});

async function parquetAt(folder: string, sql: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${sql}) TO '${join(folder, 'part-0.parquet')}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

test('Spark’s submission server is given the statement with its tables, and its Parquet is read and removed', async () => {
  const results = join(directory, 'spark');
  let script = '';
  let submitted: Readonly<Record<string, unknown>> = {};
  const states = ['SUBMITTED', 'RUNNING', 'FINISHED'];
  const rest = await server((request, response, body) => {
    if (request.url === '/v1/submissions/create') {
      submitted = JSON.parse(body);
      script = String(Array.isArray(submitted.appArgs) ? submitted.appArgs[1] : '');
      response.end('{"success":true,"submissionId":"driver-1"}');
      return;
    }
    expect(request.url).toBe('/v1/submissions/status/driver-1');
    const state = states.shift() ?? 'FINISHED';
    const folder = /DIRECTORY 'file:\/\/([^']+)'/.exec(script)?.[1] ?? '';
    const done =
      state === 'FINISHED' ? parquetAt(folder, "SELECT 7::BIGINT AS n, DATE '2026-01-02' AS day") : Promise.resolve();
    void done.then(() => response.end(`{"success":true,"driverState":"${state}"}`));
  });
  const own = {
    rest,
    master: 'spark://m:7077',
    results,
    properties: { 'spark.cores.max': '2' },
    tables: { trips: '/lake/trips' },
  };
  const { outcome, rows, log } = await attempt('spark', own, 'SELECT n, day FROM trips WHERE city = {params.city};', {
    params: { city: "L'Aquila \\" },
  });
  expect(outcome).toMatchObject({ kind: 'done', records: 1 });
  expect(rows).toMatchObject([{ n: 7 }]);
  expect(script).toMatch(
    /^CREATE TEMPORARY VIEW `trips` USING parquet OPTIONS \(path '\/lake\/trips', mergeSchema 'true'\);\nINSERT OVERWRITE DIRECTORY 'file:/,
  );
  expect(script).toContain("USING parquet\nSELECT n, day FROM trips WHERE city = 'L''Aquila \\\\';");
  expect(submitted).toMatchObject({
    action: 'CreateSubmissionRequest',
    sparkProperties: { 'spark.master': 'spark://m:7077', 'spark.cores.max': '2', 'spark.sql.session.timeZone': 'UTC' },
  });
  expect(log).toEqual(['Spark runs it as driver-1', 'Spark: SUBMITTED', 'Spark: RUNNING', 'Spark: FINISHED']);
  expect(readdirSync(results)).toEqual([]);
});

test('what Spark fails at is said with the place of its log, and a folder that both do not see is named', async () => {
  let state = 'FAILED';
  const rest = await server((request, response) =>
    response.end(
      request.url === '/v1/submissions/create'
        ? '{"success":true,"submissionId":"driver-2"}'
        : `{"success":true,"driverState":"${state}","workerHostPort":"w1:7078"}`,
    ),
  );
  const own = { rest, master: 'spark://m:7077', results: join(directory, 'unseen') };
  expect((await attempt('spark', own, 'SELECT 1')).outcome).toMatchObject({
    kind: 'retryable',
    reason: 'Spark ended driver-2 as FAILED. Its log is on w1:7078',
  });
  state = 'FINISHED';
  expect((await attempt('spark', own, 'SELECT 1')).outcome).toMatchObject({
    kind: 'retryable',
    reason: expect.stringMatching(/there is no Parquet in .*unseen.*: do both of them see that folder\?/),
  });
});

test('a command is given the statement in a file, and the rows that it writes are those of the table', async () => {
  const tool = join(directory, 'tool.sh');
  writeFileSync(tool, '#!/bin/sh\ngrep -q "n > 5" "$1" || exit 3\nprintf "n,s\\n6,six\\n7,seven\\n" > "$2"\n');
  chmodSync(tool, 0o755);
  const own = { run: [tool, '{sqlFile}', '{result}'], format: 'csv' };
  const { outcome, rows } = await attempt('command', own, 'SELECT n, s FROM t WHERE n > {params.n}', {
    params: { n: 5 },
  });
  expect(outcome).toMatchObject({ kind: 'done', records: 2 });
  expect(rows).toMatchObject([{ s: 'six' }, { s: 'seven' }]);
  expect((await attempt('command', own, 'SELECT 1')).outcome).toMatchObject({
    kind: 'retryable',
    reason: expect.stringMatching(/tool\.sh ended with exit code 3/),
  });
  expect(existsSync(join(directory, 'scratch', 'none'))).toBe(false);
});
