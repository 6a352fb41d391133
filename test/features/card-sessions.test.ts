/** Sessions of cards with their features, as config/card-sessions.yaml declares them, beside DuckDB over the same transactions. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createRandom } from '../../src/models/random.ts';
import { runInputs } from '../../src/run/run.ts';
import { temporaryDirectory } from '../service/script-run.ts';
import { duckdbRows } from '../sql/duckdb.ts';

const GAP_MS = 30 * 60_000;

test('sessions of cards say how many, how much, how fast, and at how many new terminals', async () => {
  const random = createRandom();
  random.seed(4, 4, 4);
  const transactions = Array.from({ length: 400 }, (_, transactionId) => ({
    transactionId,
    customerId: random.below(4),
    terminalId: random.below(6),
    amountCents: random.below(1000),
    // Steps of the gap itself, so that some sessions touch; few enough that some transactions share a moment.
    occurredAt: Date.UTC(2018, 0, 1) + random.below(600) * (GAP_MS / 3) + (random.below(4) === 0 ? 1 : 0),
  })).sort((a, b) => a.occurredAt - b.occurredAt || a.transactionId - b.transactionId);
  const directory = temporaryDirectory();
  const file = join(directory, 'transactions.jsonl');
  writeFileSync(file, transactions.map((each) => JSON.stringify(each)).join('\n'));
  const pipeline = join(directory, 'pipeline.yaml');
  // Whoever reads only the output pays for no read model.
  writeFileSync(
    pipeline,
    `${readFileSync('config/card-sessions.yaml', 'utf8')}stores: { sqlite: false, duckdb: false }\n`,
  );
  const config = loadConfig(pipeline, {});
  const lines: string[] = [];
  await runInputs({
    config,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    inputs: [{ stream: 'payments.transactions', file }],
    temporary: true,
    flush: true,
    only: ['card_sessions'],
    async output(given) {
      for await (const line of given) lines.push(line);
    },
    onProgress() {},
  });
  const rows = lines
    .map((line) => JSON.parse(line))
    .map(({ key, start, n, total, largest, terminals, new_terminals: fresh, per_hour: pace }) => [
      ...[Number(key), start, n, total, largest, terminals, fresh, Number(pace.toFixed(6))],
    ])
    .sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
  const sql = `WITH t AS (SELECT unnest(${JSON.stringify(transactions).replaceAll('"', "'")}, recursive := true)),
    seen AS (SELECT *, row_number() OVER (PARTITION BY customerId, terminalId ORDER BY occurredAt, transactionId) AS nth,
      occurredAt - lag(occurredAt) OVER c > ${GAP_MS} AS begins FROM t WINDOW c AS (PARTITION BY customerId ORDER BY occurredAt, transactionId)),
    numbered AS (SELECT *, sum(coalesce(begins, true)::INT) OVER (PARTITION BY customerId ORDER BY occurredAt, transactionId) AS session FROM seen)
    SELECT customerId, min(occurredAt), count(*), sum(amountCents)::BIGINT, max(amountCents), count(DISTINCT terminalId),
      count(*) FILTER (nth = 1), round(count(*) / greatest((max(occurredAt) - min(occurredAt)) / 3600000.0, 0.1), 6)::DOUBLE
    FROM numbered GROUP BY customerId, session ORDER BY 1, 2`;
  const expected = (await duckdbRows(sql)).map((row) => Object.values(row).map(Number));
  expect(rows).toEqual(expected);
  expect(rows.length).toBeGreaterThan(50);
});
