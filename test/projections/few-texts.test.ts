import { expect, test } from 'vitest';
import { transactionScoredType } from '../../src/fraud/types.ts';
import type { Store } from '../../src/projections/store.ts';
import { createWorld } from './projection-fixture.ts';

const scoresBy = (models: readonly string[]) =>
  transactionScoredType.encodeBlock(
    models.map((model, i) => ({
      transactionId: i,
      customerId: 1,
      occurredAt: 1000 + i,
      score: 0.5,
      model,
      ruleHits: 0,
      sessionCount: 1,
      ownMeanCents: 0,
      deviations: 0,
    })),
  );

const MODELS = `SELECT model, count(*) AS n FROM scores GROUP BY model ORDER BY model`;

test('a text of a column that has few is in the store once, and each row shows it, also after a rollback and a restart', async () => {
  const world = await createWorld();
  const long = 'gradient-boosting, trees of 2018-06 · é';
  await world.append('s-0', 0, scoresBy(['rules', 'rules', long, 'rules', 'rulet', '']));
  const first = await world.open('duckdb');
  let isBroken = true;
  const broken: Store = {
    ...first,
    async commit(offsets) {
      if (isBroken) throw new Error('refused');
      await first.commit(offsets);
    },
  };
  await expect(world.project([broken])).rejects.toThrow('refused');
  isBroken = false;
  await world.project([broken]);
  const rows = [
    { model: '', n: 1 },
    { model: long, n: 1 },
    { model: 'rules', n: 3 },
    { model: 'rulet', n: 1 },
  ];
  expect(await first.query(MODELS)).toEqual(rows);
  await first.close();
  const again = await world.open('duckdb');
  await world.append('s-0', 0, scoresBy([long, 'new']));
  await world.project([again]);
  expect(await again.query(MODELS)).toEqual([rows[0], { model: long, n: 2 }, { model: 'new', n: 1 }, rows[2], rows[3]]);
  expect(await again.query('SELECT count(*) AS n, count(DISTINCT id) AS ids FROM few_texts')).toEqual([
    { n: 5, ids: 5 },
  ]);
});
