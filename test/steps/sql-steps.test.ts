/** Steps of SQL, checks and exports over a running service: written, checked, published, exported, delivered into a stream. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createHostRates } from '../../src/fetching/host-rates.ts';
import type { CheckRan } from '../../src/messages/check-facts.ts';
import { createInternalSource } from '../../src/service/intake.ts';
import { tablesOf } from '../../src/service/job-step-tables.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { type Service, startService } from '../../src/service.ts';
import { STEPS } from '../../src/steps/adapters.ts';
import type { Step, StepOutcome } from '../../src/steps/step.ts';
import { attemptContext } from './attempt-context.ts';

const time = { type: 'long', logicalType: 'timestamp-millis' };
const schemaOf = (name: string, fields: readonly object[]) =>
  JSON.stringify({
    type: 'record',
    name,
    fields: [{ name: 'id', type: 'string' }, { name: 'day', type: time }, ...fields],
  });
const PIPELINE = `
streams:
  orders: { schema: ./order.avsc, key: id, eventTime: day, partitions: 2 }
  totals: { schema: ./total.avsc, key: id, eventTime: day }
windows:
  per_id: { stream: orders, window: { tumbling: 1d }, aggregate: { total: sum(amount) } }
checks:
  whole: [{ expect_column_values_to_be_between: { column: total, min_value: 1 } }, { expect_table_row_count_to_be_between: { min_value: 2 } }]
  small: [{ expect_column_values_to_be_between: { column: total, max_value: 3 } }]
jobs:
  daily:
    params: { min: 0 }
    steps:
      sum:
        sql: SELECT id, day, sum(amount) AS total FROM orders WHERE day < {interval.end} AND amount >= {params.min} GROUP BY ALL ORDER BY id
        into: order_totals
      audit: { check: whole, on: order_totals, needs: [sum] }
      out: { export: { query: FROM order_totals ORDER BY id, to: "out/{interval.start|date}.csv" }, needs: [audit] }
      events: { sql: SELECT * FROM order_totals, into: totals, needs: [audit] }
      broken: { sql: "SELECT id,\\n nothing FROM orders", into: never }
      refused: { sql: "SELECT 'a' AS id, NULL AS day, 1 AS total", into: totals }
  other:
    steps:
      sum: { sql: "SELECT id, sum(amount) AS total FROM orders GROUP BY ALL", into: large_totals }
      audit: { check: small, on: large_totals, needs: [sum] }
      stream: { check: whole, on: SELECT amount AS total FROM orders }
      ended: { sql: 'SELECT count(*) AS n, max("end") AS until, max(total) AS most FROM per_id', into: ended }
`;
let directory: string;
let service: Service;
const delivered: unknown[] = [];
const checked: CheckRan[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-steps-'));
  writeFileSync(join(directory, 'order.avsc'), schemaOf('Order', [{ name: 'amount', type: 'long' }]));
  writeFileSync(join(directory, 'total.avsc'), schemaOf('Total', [{ name: 'total', type: 'double' }]));
  writeFileSync(join(directory, 'p.yaml'), PIPELINE);
  const config = { ...loadConfig(join(directory, 'p.yaml'), {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  service = await startService({ config, logger, version: '', attach: () => [] });
  await service.ready;
  const orders = service.pipeline.streams.get('orders');
  if (orders === undefined) throw new Error('no orders');
  const source = createInternalSource('test', orders.intake);
  for (const [partition, id] of ['a', 'b'].entries()) {
    const events = [1, 2, 3].map((amount) => ({ id, day: Date.parse('2026-01-01T00:00:00.250Z'), amount }));
    await source.write(partition, [orders.eventType.encodeBlock(events)]);
  }
});
afterAll(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});

function stepOf(jobName: string, name: string): Step {
  const job = service.config.jobs.find((each) => each.name === jobName);
  const step = job?.steps.find((each) => each.name === name);
  if (job === undefined || step === undefined) throw new Error(`no step ${jobName}.${name}`);
  const host = {
    ...tablesOf(service, job),
    tables: service.jobTables,
    job: jobName,
    step: name,
    dataDir: service.config.dataDir,
    nowMs: () => 1000,
    sleep: async () => {},
    http: nodePlatform.http,
    processes: nodePlatform.processes,
    timeoutMs: 60_000,
    serverUrl: () => '',
    rates: createHostRates(),
    stream: () => {
      throw new Error('nothing is fetched here');
    },
    engines: service.config.engines,
    replay: async () => {},
    checked: async (run: CheckRan) => void checked.push(run),
    deliver: async (_: string, __: unknown, events: readonly unknown[]) => void delivered.push(...events),
  };
  const opened = STEPS.map((adapter) => adapter.open(step.settings, host)).find((each) => each !== null);
  if (opened === undefined || opened === null) throw new Error(`no kind of ${name}`);
  return opened;
}

/** Attempts a step of a run, and publishes what it brings. */
async function run(job: string, step: string, runId = 'r1'): Promise<StepOutcome> {
  const idempotencyKey = `${job}/${runId}/${step}`;
  const context = attemptContext({ job, step, runId, idempotencyKey, params: { min: 0 } });
  const outcome = await stepOf(job, step).attempt(context, new AbortController().signal);
  if (outcome.kind === 'done') await outcome.publish?.();
  return outcome;
}

async function rows(sql: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const some of service.jobTables.rows(sql, new AbortController().signal)) all.push(...some);
  return all;
}

test('a table is seen after its check; then it is exported, and its rows are events of a stream', async () => {
  expect(await run('daily', 'sum')).toMatchObject({
    kind: 'done',
    records: 2,
    output: { table: 'order_totals', rows: 2 },
  });
  await expect(rows('FROM order_totals')).rejects.toThrow('order_totals does not exist');
  expect(await run('daily', 'audit')).toMatchObject({ kind: 'done', output: { outcome: 'passed' } });
  expect(checked.at(-1)).toMatchObject({ of: 'order_totals', runId: 'r1/audit', outcome: 'passed' });
  expect(await rows('SELECT id, total::INT AS total FROM order_totals ORDER BY id')).toEqual([
    { id: 'a', total: 6 },
    { id: 'b', total: 6 },
  ]);
  expect(await run('daily', 'out')).toMatchObject({ kind: 'done', records: 2 });
  expect(readFileSync(join(directory, 'out/2026-01-01.csv'), 'utf8')).toBe(
    'id,day,total\na,2026-01-01 00:00:00.25,6\nb,2026-01-01 00:00:00.25,6\n',
  );
  expect(existsSync(join(directory, 'out/2026-01-01.csv.tmp'))).toBe(false);
  expect(await run('daily', 'events')).toMatchObject({ kind: 'done', records: 2 });
  const day = Date.parse('2026-01-01T00:00:00.250Z');
  expect(delivered).toEqual(['a', 'b'].map((id) => ({ id, day, total: 6 })));
});

test('a statement names a window, and has the newest results by the names of their aggregates', async () => {
  expect(await run('other', 'ended')).toMatchObject({ kind: 'done', records: 1 });
  expect(await rows('FROM ended')).toEqual([{ n: 0, until: null, most: null }]);
});

test('a publication is in the journal and its table, with the hash of the rows', async () => {
  await run('daily', 'sum', 'r2');
  await run('daily', 'audit', 'r2');
  const stores = service.readModels.stores.of('sqlite');
  const sql =
    "SELECT run_id, rows, table_rows, hash FROM table_publications WHERE table_name = 'order_totals' ORDER BY run_id";
  await expect.poll(() => stores.read({ kind: 'query', sql }), { timeout: 10_000 }).toHaveLength(2);
  const [first, second] = await stores.read({ kind: 'query', sql });
  expect(first).toMatchObject({ run_id: 'r1', rows: 2, table_rows: 2 });
  expect(second?.hash).toBe(first?.hash);
  const digest = await service.jobTables.ask({ kind: 'digest' });
  expect(digest.find(({ table }) => table === 'order_totals')?.hash).toBe(first?.hash);
});

test('rows that fail their check are seen by nobody, and the attempt says which expectation they fail', async () => {
  await run('other', 'sum');
  expect(await run('other', 'audit')).toEqual({
    kind: 'permanent',
    reason:
      'small on large_totals failed: expect_column_values_to_be_between (total): 2 of 2 (100 %) are not at most 3',
  });
  await expect(rows('FROM large_totals')).rejects.toThrow('large_totals does not exist');
  expect(await run('other', 'audit', 'r9')).toMatchObject({
    kind: 'permanent',
    reason: expect.stringContaining('run the step again that writes it'),
  });
  expect(await run('other', 'stream')).toMatchObject({ kind: 'done', output: { outcome: 'passed' } });
});

test('a statement that DuckDB refuses ends the step, with its line; a row that is no event delivers none', async () => {
  const before = delivered.length;
  expect(await run('daily', 'broken')).toMatchObject({
    kind: 'permanent',
    reason: expect.stringMatching(/nothing.*line 2 of the statement/s),
  });
  expect(await run('daily', 'refused')).toMatchObject({
    kind: 'permanent',
    reason: expect.stringContaining('row 1 is no event of totals: day'),
  });
  expect(delivered).toHaveLength(before);
});

test.each([
  ['sum: { sql: "SELECT {interval.begin}", into: t }', 'there is no value "interval.begin"; did you mean'],
  ['sum: { sql: SELECT 1, into: transactions }', 'transactions is a table of the read models'],
  ['sum: { sql: SELECT 1, into: "a b" }', 'a job table has letters, digits and underscores in its name'],
  ['sum: { sql: SELECT 1, into: orders, write: append }', 'is for job tables, and orders is a stream'],
  ['sum: { check: hole, on: t }', 'there is no suite "hole"; did you mean whole?'],
  ['sum: { check: whole }', 'say what whole is to check: a table, or a statement'],
  ['sum: { export: { table: t, to: x.xlsx } }', 'its name must end in .parquet, .csv or .jsonl'],
  ['sum: { export: { table: t, to: "{data}/{nope.x}.csv" } }', 'nope.x'],
  ['sum: { export: { to: x.csv } }', 'has one of `table` and `query`'],
])('%s is refused', (step, message) => {
  const file = join(directory, 'wrong.yaml');
  writeFileSync(file, `${PIPELINE.slice(0, PIPELINE.indexOf('jobs:'))}jobs: { j: { steps: { ${step} } } }\n`);
  expect(() => loadConfig(file, {})).toThrow(
    expect.objectContaining<Partial<ConfigError>>({ message: expect.stringContaining(message) }),
  );
});
