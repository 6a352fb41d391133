import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { liveDrift } from '../../../src/fraud/desk/drift-watch.ts';
import { driftOf } from '../../../src/fraud/lab/drift.ts';
import { scoresOf } from '../../../src/fraud/lab/evaluate.ts';
import type { LabelledRows } from '../../../src/fraud/lab/labelled-rows.ts';
import { modelFile, readModel } from '../../../src/fraud/model.ts';
import { createRandom } from '../../../src/models/random.ts';
import { DRAWN_FEATURES, drawnModel } from '../drawn-model.ts';

const NEWEST_MS = Date.UTC(2018, 7, 14);
const DAY_MS = 86_400_000;

/** Amounts are larger than in training, and one value in ten of the last feature is missing. */
function drawnRows(count: number): LabelledRows {
  const random = createRandom();
  random.seed(7, 2, 3);
  const width = DRAWN_FEATURES.length;
  const values = new Float64Array(count * width);
  for (let row = 0; row < count; row++) {
    const risk = row % 10 === 0 ? Number.NaN : random.uniform();
    values.set([20_000 + random.below(20_000), 1 + random.below(90), random.below(100), row % 2, risk], row * width);
  }
  const none = new Float64Array(count);
  const [days, labels, scenarios] = [new Int32Array(count), new Uint8Array(count), new Uint8Array(count)];
  return {
    ...{ features: DRAWN_FEATURES, rows: count, values, days, labels, scenarios },
    ...{ transactions: none, customers: none, amountsCents: none },
  };
}

async function tablesOf(all: LabelledRows, scores: Float64Array, model: string) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const columns = DRAWN_FEATURES.map((name) => `"${name}" DOUBLE`).join(', ');
  const width = DRAWN_FEATURES.length;
  const lines = Array.from({ length: all.rows }, (_, row) => {
    const own = Array.from(all.values.subarray(row * width, (row + 1) * width), (value) =>
      Number.isNaN(value) ? 'NULL' : String(value),
    );
    return `(make_timestamp_ms(${NEWEST_MS - row}), ${own.join(', ')})`;
  });
  const old = `(make_timestamp_ms(${NEWEST_MS - 8 * DAY_MS}), 1, 1, 1, 1, 1)`;
  const scored = Array.from(scores, (score) => `(make_timestamp_ms(${NEWEST_MS}), '${model}', ${score})`);
  for (const statement of [
    `CREATE TABLE "pay.features" ("occurredAt" TIMESTAMP, ${columns})`,
    `INSERT INTO "pay.features" VALUES ${[...lines, old].join(', ')}`,
    'CREATE TABLE scores (occurred_at TIMESTAMP, model VARCHAR, score DOUBLE)',
    `INSERT INTO scores VALUES ${[...scored, `(make_timestamp_ms(${NEWEST_MS}), 'another', 1)`].join(', ')}`,
    'CREATE TABLE challenger_scores (occurred_at TIMESTAMP, model VARCHAR, score DOUBLE)',
  ]) {
    await connection.run(statement);
  }
  return async (_: string, sql: string) => {
    const read = await connection.runAndReadAll(sql);
    return read
      .getRowObjectsJS()
      .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)])));
  };
}

/** As the stores give it. */
function cellOf(value: unknown): number | string | null {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : null;
}

test('drift of the last days in the analytics store is what the journal gives, feature by feature and of the score', async () => {
  const model = readModel('drawn', modelFile(drawnModel('logistic-regression').facts).text);
  const all = drawnRows(1500);
  const found = await liveDrift(await tablesOf(all, scoresOf(model, all), model.id), model, 'pay');
  const expected = driftOf(model, all);
  expect(found).toMatchObject({ model: model.id, rows: 1500, to: NEWEST_MS, from: NEWEST_MS - 1499 });
  expect(found.drifts.map(({ of, state }) => [of, state])).toEqual(expected.map(({ of, state }) => [of, state]));
  expect(found.drifts.find(({ of }) => of === 'amountCents')?.state).toBe('alarm');
  for (const [i, { psi, mean }] of found.drifts.entries()) {
    expect(psi).toBeCloseTo(expected[i]!.psi, 9);
    expect(mean).toBeCloseTo(expected[i]!.mean, 6);
  }
});

test('too few transactions say nothing of drift', async () => {
  const model = readModel('drawn', modelFile(drawnModel('logistic-regression').facts).text);
  const all = drawnRows(999);
  const found = await liveDrift(await tablesOf(all, new Float64Array(0), model.id), model, 'pay');
  expect(found).toMatchObject({ rows: 999, drifts: [] });
});
