/** Profiles of customers beside the same counts made by hand, over tables as the analytics store has them. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CUSTOMERS, CUSTOMERS_SQL } from '../../../src/fraud/customers.ts';
import { customerList, customerProfile, ORDERS } from '../../../src/fraud/desk/customers.ts';
import type { Row } from '../../../src/projections/store.ts';

const DAY_MS = 86_400_000;
const drawn = fc.array(
  fc.record({
    customer: fc.integer({ min: 1, max: 5 }),
    terminal: fc.nat(3),
    cents: fc.integer({ min: 1, max: 50_000 }),
    atMs: fc.nat(40 * DAY_MS),
    score: fc.option(fc.integer({ min: 0, max: 1000 })),
    isHit: fc.boolean(),
    labels: fc.array(fc.boolean(), { maxLength: 2 }),
  }),
  { minLength: 30, maxLength: 30 },
);
const payments = fc.sample(drawn, { numRuns: 1, seed: 11 })[0]!.map((each, id) => ({ id, ...each }));
type Payment = (typeof payments)[number];

const connection = await (await DuckDBInstance.create(':memory:')).connect();
const at = (ms: number): string => `make_timestamp_ms(${ms})`;
const scored = payments.filter(({ score }) => score !== null);
const hits = payments.filter(({ isHit }) => isHit);
const labels = payments.flatMap(({ labels: said, ...payment }) =>
  said.map((fraud, turn) => ({ ...payment, fraud, knownMs: payment.atMs + (turn + 1) * DAY_MS })),
);
for (const sql of [
  'CREATE TABLE transactions(transaction_id BIGINT, customer_id BIGINT, terminal_id BIGINT, amount_cents BIGINT, occurred_at TIMESTAMP)',
  'CREATE TABLE scores(transaction_id BIGINT, customer_id BIGINT, occurred_at TIMESTAMP, score DOUBLE, model VARCHAR, rule_hits INT)',
  'CREATE TABLE rule_hits(customer_id BIGINT, case_id VARCHAR)',
  'CREATE TABLE labels(transaction_id BIGINT, customer_id BIGINT, fraud BOOLEAN, known_at TIMESTAMP)',
  'CREATE TABLE sessions(customer_id BIGINT, start_at TIMESTAMP, end_at TIMESTAMP, count BIGINT, total_cents BIGINT, max_score DOUBLE)',
  'CREATE TABLE cases(customer_id BIGINT, case_id VARCHAR, state VARCHAR, holder VARCHAR, hits INT, amount_cents BIGINT, opened_at BIGINT, last_hit_at BIGINT)',
  `INSERT INTO transactions VALUES ${payments.map((p) => `(${p.id},${p.customer},${p.terminal},${p.cents},${at(p.atMs)})`)}`,
  `INSERT INTO scores VALUES ${scored.map((p) => `(${p.id},${p.customer},${at(p.atMs)},${p.score} / 1000.0,'m${p.id}',0)`)}`,
  `INSERT INTO rule_hits VALUES ${hits.map((p) => `(${p.customer},'c${p.terminal}')`)}`,
  `INSERT INTO labels VALUES ${labels.map((l) => `(${l.id},${l.customer},${l.fraud},${at(l.knownMs)})`)}`,
  `INSERT INTO sessions VALUES (1, ${at(5)}, ${at(9)}, 2, 300, 0.5)`,
  "INSERT INTO cases VALUES (1, 'c1', 'open', NULL, 1, 2, 3, 4)",
  `CREATE VIEW ${CUSTOMERS} AS ${CUSTOMERS_SQL}`,
]) {
  await connection.run(sql);
}

/** Both stores are one here. */
async function answered<T>(asking: Generator<{ readonly sql: string }, T, readonly Row[]>): Promise<T> {
  let step = asking.next([]);
  while (step.done !== true) {
    const read = await connection.runAndReadAll(step.value.sql);
    const rows = read.getRowObjectsJS().map((row) => Object.entries(row).map(([name, cell]) => [name, plain(cell)]));
    step = asking.next(rows.map((row) => Object.fromEntries(row)));
  }
  return step.value;
}
const plain = (cell: unknown) =>
  typeof cell === 'bigint' ? Number(cell) : typeof cell === 'boolean' ? Number(cell) : cell;

const newestMs = Math.max(...payments.map(({ atMs }) => atMs));
const newest = (of: readonly Payment[]): Payment[] => [...of].sort((a, b) => b.atMs - a.atMs || b.id - a.id);

function byHand(customer: number) {
  const own = payments.filter((payment) => payment.customer === customer);
  const within = (days: number) => own.filter(({ atMs }) => atMs > newestMs - days * DAY_MS).length;
  const ownScored = newest(own.filter(({ score }) => score !== null));
  const total = own.reduce((sum, { cents }) => sum + cents, 0);
  return {
    customer_id: customer,
    first_at: Math.min(...own.map(({ atMs }) => atMs)),
    last_at: Math.max(...own.map(({ atMs }) => atMs)),
    transactions: own.length,
    ...{ transactions_7day: within(7), transactions_30day: within(30) },
    ...{
      total_cents: total,
      mean_cents: total / own.length,
      largest_cents: Math.max(...own.map(({ cents }) => cents)),
    },
    terminals: new Set(own.map(({ terminal }) => terminal)).size,
    last_score: (ownScored[0]?.score ?? Number.NaN) / 1000,
    last_model: `m${ownScored[0]?.id}`,
    highest_score: Math.max(...ownScored.map(({ score }) => score ?? 0)) / 1000,
    hits: own.filter(({ isHit }) => isHit).length,
    cases: new Set(own.filter(({ isHit }) => isHit).map(({ terminal }) => terminal)).size,
    frauds: own.filter(({ labels: said }) => said.at(-1) === true).length,
  };
}

test('a customer has the counts, sums, scores, hits and frauds of its own transactions, by the labels known last', async () => {
  const rows = await answered(customerList('newest', 100));
  expect(rows).toHaveLength(5);
  for (const row of rows) {
    const expected = byHand(Number(row.customer_id));
    expect({ ...row, mean_cents: Number(row.mean_cents).toFixed(6) }).toEqual({
      ...expected,
      mean_cents: expected.mean_cents.toFixed(6),
    });
  }
});

test('customers are in the order that is asked for, and no more of them than are asked for', async () => {
  const fields = {
    hits: 'hits',
    score: 'highest_score',
    amount: 'total_cents',
    transactions: 'transactions',
    newest: 'last_at',
  };
  for (const order of ['hits', 'score', 'amount', 'transactions', 'newest'] as const) {
    const values = (await answered(customerList(order, 3))).map((row) => Number(row[fields[order]]));
    expect(values).toHaveLength(3);
    expect(values).toEqual([...values].sort((a, b) => b - a));
  }
  expect(Object.keys(fields)).toEqual(Object.keys(ORDERS));
});

test('a profile has the newest transactions with their scores, the hours, the terminals, sessions and cases', async () => {
  const profile = await answered(customerProfile(1));
  const own = newest(payments.filter(({ customer }) => customer === 1));
  expect(profile?.transactions.map((row) => [row.transaction_id, row.score, row.fraud])).toEqual(
    own.map(({ id, score, labels: said }) => [
      id,
      score === null ? null : score / 1000,
      said.length === 0 ? null : Number(said.at(-1)),
    ]),
  );
  expect(
    profile?.hours.map((n, hour) => own.filter(({ atMs }) => new Date(atMs).getUTCHours() === hour).length - n),
  ).toEqual(new Array(24).fill(0));
  const [busiest] = profile?.terminals ?? [];
  expect(own.filter(({ terminal }) => terminal === busiest?.terminal_id)).toHaveLength(Number(busiest?.transactions));
  expect([profile?.sessions.length, profile?.cases[0]?.case_id]).toEqual([1, 'c1']);
  expect(await answered(customerProfile(99))).toBeNull();
});
