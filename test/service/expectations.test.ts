/** Expectations through the whole pipeline: what they refuse, what they count, and what a replay makes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deleteStores } from '../../src/channel/offline.ts';
import { orderDigests, readOrders, runOrders } from './order-run.ts';
import { temporaryDirectory } from './script-run.ts';

const EXPECT = [
  { column: 'amount', between: [0, 100] },
  { that: 'amount != 7', onFail: 'warn' },
];
const lines = Array.from({ length: 200 }, (_, i) => ({
  orderId: `o${i % 5}`,
  placedAt: i * 1000,
  amount: i % 20 === 3 ? 1000 + i : i % 10,
}));
const refused = lines.filter(({ amount }) => amount > 100);
const sevens = lines.filter(({ amount }) => amount === 7);

test.each([
  [1, 0],
  [4, 2],
])(
  'of %i partitions in %i threads what fails is a dead letter, in no table and no window',
  async (partitions, threads) => {
    const directory = temporaryDirectory();
    const { summary, output } = await runOrders({ directory, lines, partitions, threads, expect: EXPECT });
    expect(summary).toMatchObject({
      in: lines.length,
      committed: lines.length - refused.length,
      deadLetters: refused.length,
      failures: { orders: { 'amount between [0, 100]': refused.length, 'that amount != 7': sevens.length } },
    });
    const letters = output.filter(({ stream }) => stream === 'orders.dead-letters');
    expect(letters.map(({ reason, raw }) => [reason, JSON.parse(String(raw)).placedAt]).sort()).toEqual(
      refused.map(({ placedAt }) => ['expectation-failed', placedAt]).sort(),
    );
    const counted = output.filter(({ stream }) => stream === 'per_order').reduce((sum, { n }) => sum + Number(n), 0);
    expect(counted).toBe(lines.length - refused.length);
    const [row] = await readOrders(directory, (offline) =>
      offline.query('duckdb', 'SELECT count(*) AS n, max(amount) AS largest FROM orders'),
    );
    expect(row).toEqual({ n: lines.length - refused.length, largest: 9 });
  },
);

test('other expectations change nothing of what was derived, and a replay finds no difference', async () => {
  const directory = temporaryDirectory();
  const derivations = () => readFileSync(join(directory, 'data', 'derivations.json'), 'utf8');
  await runOrders({ directory, lines: lines.slice(0, 100), expect: EXPECT });
  const noted = derivations();
  expect(noted).not.toContain('between');
  await runOrders({ directory, lines: lines.slice(100), expect: [{ column: 'amount', between: [null, 5] }] });
  expect(derivations()).toBe(noted);
  const before = await readOrders(directory, orderDigests);
  const after = await readOrders(
    directory,
    async (offline) => [await offline.rederive(), await orderDigests(offline)],
    () => deleteStores(join(directory, 'data'), ['sqlite', 'duckdb']),
  );
  expect(after).toMatchObject([[{ log: 'orders-0', differences: 0 }], before]);
});
