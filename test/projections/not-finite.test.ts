/** What is not finite is null in either store: in the tables, and in what a query computes. */
import { expect, test } from 'vitest';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { FIRST, shapeOf } from './declared-fixture.ts';
import { createWorld, STORES } from './projection-fixture.ts';

test.each(STORES)('%s', async (name) => {
  const first = dynamicEventType(FIRST);
  const numbers = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const world = await createWorld();
  const store = await world.open(name, { streams: [shapeOf(FIRST)] });
  const events = numbers.map((gone, i) => ({ id: `${i}`, at: i, amount: 1, gone }));
  await world.appendTo('shop.orders', 0, first.encodeBlock(events));
  await world.project([store]);
  const rows = await store.query('SELECT gone, gone IS NULL AS is_null FROM "shop.orders" ORDER BY id');
  expect(rows.map(({ gone, is_null }) => [gone, Boolean(is_null)])).toEqual([
    [1, false],
    [null, true],
    [null, true],
    [null, true],
  ]);
  const infinity = name === 'duckdb' ? "'inf'::DOUBLE" : '9e999';
  expect(await store.query(`SELECT ${infinity} AS x, -${infinity} AS y`)).toEqual([{ x: null, y: null }]);
});
