/**
 * The share of each of a few players in a value that is known for every coalition (Shapley, "A Value for n-Person
 * Games", 1953): a player's mean change of the value, over all orders in which the players could have come. The shares
 * add up to the value of all less the value of none.
 */

/** @param worth of each coalition, by the bits of its players; its length is 2 to the number of players */
export function shapleyValues(worth: Float64Array): Float64Array {
  const players = Math.log2(worth.length);
  const shares = new Float64Array(players);
  // Of a coalition of so many others: the share of all orders in which just these have come before.
  const weights = Array.from({ length: players }, (_, others) => 1 / (players * choose(players - 1, others)));
  for (let coalition = 0; coalition < worth.length; coalition++) {
    for (let player = 0; player < players; player++) {
      if ((coalition & (1 << player)) !== 0) continue;
      shares[player]! += weights[bitsOf(coalition)]! * (worth[coalition | (1 << player)]! - worth[coalition]!);
    }
  }
  return shares;
}

function choose(all: number, some: number): number {
  let ways = 1;
  for (let at = 1; at <= some; at++) ways = (ways * (all - some + at)) / at;
  return ways;
}

function bitsOf(coalition: number): number {
  let bits = 0;
  for (let left = coalition; left > 0; left >>= 1) bits += left & 1;
  return bits;
}
