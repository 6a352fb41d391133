/** Shares of players, beside their definition: the mean over all orders. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shapleyValues } from '../../src/models/shapley.ts';

/** All orders of the players from 0 on. */
function* orders(players: readonly number[]): Generator<readonly number[]> {
  if (players.length === 0) yield [];
  for (const first of players) {
    for (const rest of orders(players.filter((each) => each !== first))) yield [first, ...rest];
  }
}

it("a player's share is the mean of what it adds, over all orders", () => {
  const game = fc
    .integer({ min: 1, max: 5 })
    .chain((players) =>
      fc.tuple(
        fc.constant(players),
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2 ** players, maxLength: 2 ** players }),
      ),
    );
  fc.assert(
    fc.property(game, ([players, worths]) => {
      const worth = Float64Array.from(worths);
      const sums = new Array<number>(players).fill(0);
      let count = 0;
      for (const order of orders([...sums.keys()])) {
        count += 1;
        let coalition = 0;
        for (const player of order) {
          sums[player]! += worth[coalition | (1 << player)]! - worth[coalition]!;
          coalition |= 1 << player;
        }
      }
      const shares = shapleyValues(worth);
      for (const [player, sum] of sums.entries()) expect(shares[player]).toBeCloseTo(sum / count, 9);
      expect(shares.reduce((sum, share) => sum + share, worth[0]!)).toBeCloseTo(worth.at(-1)!, 9);
    }),
    { numRuns: 60 },
  );
});
