import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transactionScoredType, transactionType } from '../../src/fraud/types.ts';
import { createWorld, transaction } from './projection-fixture.ts';

const transactions = (ids: readonly number[]) => transactionType.encodeBlock(ids.map(transaction));

const scores = (ids: readonly number[]) =>
  transactionScoredType.encodeBlock(
    ids.map((id) => {
      const { transactionId, customerId, occurredAt } = transaction(id);
      const rest = { score: id / 1000, model: `m${id % 2}`, ruleHits: id % 4, sessionCount: 1 };
      return { transactionId, customerId, occurredAt, ...rest, ownMeanCents: id, deviations: 1 };
    }),
  );

const PAIRS = 'SELECT count(*) AS n FROM transaction_score_parts';
const TRANSACTIONS =
  'SELECT transaction_id AS id, log_offset AS "at", amount_cents AS cents FROM transactions ORDER BY ALL';
const SCORES =
  'SELECT transaction_id AS id, customer_id AS customer, round(score * 1000) AS score, model FROM scores ORDER BY ALL';

test('a transaction and the score of its commit are one row', async () => {
  const world = await createWorld();
  await world.append('s-0', 0, transactions([1, 2]), transactions([3]), scores([1, 2, 3]));
  const store = await world.open('duckdb');
  await world.project([store]);
  expect(await store.query(PAIRS)).toEqual([{ n: 3 }]);
  expect(await store.query(TRANSACTIONS)).toEqual([1, 2, 3].map((id) => ({ id, at: id - 1, cents: id * 10 })));
  expect(await store.query('SELECT transaction_id, session_count, own_mean_cents FROM scores')).toHaveLength(3);
});

test('a longer commit than a vector has its rows in one piece', async () => {
  const world = await createWorld();
  const ids = Array.from({ length: 5000 }, (_, i) => i);
  await world.append('s-0', 0, transactions(ids.slice(0, 2047)), transactions(ids.slice(2047)), scores(ids));
  const store = await world.open('duckdb');
  await world.project([store]);
  expect(await store.query(PAIRS)).toEqual([{ n: 5000 }]);
  const wrong = 'SELECT transaction_id FROM transaction_score_parts WHERE own_mean_cents <> transaction_id';
  expect(await store.query(wrong)).toEqual([]);
});

test('whatever a commit has of either, each transaction and each score is there once', async () => {
  const ids = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
  const commit = fc.record({ first: ids, second: ids, scored: ids, hasSame: fc.boolean(), comesFirst: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(commit, { minLength: 8, maxLength: 24 }), async (commits) => {
      const world = await createWorld();
      const expected: { id: number; customer: number; score: number; model: string }[] = [];
      const places: { id: number; at: number; cents: number }[] = [];
      let at = 0;
      for (const { first, second, scored: other, hasSame, comesFirst } of commits) {
        const scored = hasSame ? [...first, ...second].concat(other.slice(0, 1)) : other;
        const blocks = [first, second].filter((own) => own.length > 0).map(transactions);
        const derived = scored.length === 0 ? [] : [scores(scored)];
        if (blocks.length + derived.length === 0) continue;
        await world.append('s-0', 0, ...(comesFirst ? [...derived, ...blocks] : [...blocks, ...derived]));
        const offset = at + (comesFirst ? scored.length : 0);
        places.push(...[...first, ...second].map((id, i) => ({ id, at: offset + i, cents: id * 10 })));
        expected.push(...scored.map((id) => ({ id, customer: id % 7, score: id, model: `m${id % 2}` })));
        at += first.length + second.length + scored.length;
      }
      const store = await world.open('duckdb');
      await world.project([store]);
      expect(await store.query(TRANSACTIONS)).toEqual(places.sort((a, b) => a.id - b.id || a.at - b.at));
      expect(await store.query(SCORES)).toEqual(expected.sort((a, b) => a.id - b.id));
      await store.close();
    }),
    { numRuns: 4 },
  );
});
