/** The groups of a window with the largest values of one result. */
import { resultOf } from './group-results.ts';
import type { Groups } from './groups.ts';

export interface TopGroups {
  /** The name of an aggregate that gives a number. */
  readonly by: string;
  /** At least 1. */
  readonly limit: number;
}

/**
 * Whether a group is given: fewer than `limit` groups have more, as with RANK() <= limit in SQL, so equal groups are all
 * given. A group whose result is null is not.
 */
export function topOf(
  groups: Groups,
  members: readonly number[],
  top: TopGroups | undefined,
): (group: number) => boolean {
  if (top === undefined) return () => true;
  const aggregate = groups.names.indexOf(top.by);
  if (aggregate < 0) throw new Error(`The window has no result ${top.by}`);
  const rankOf = (group: number): number | bigint | null => {
    const result = resultOf(groups, group, aggregate);
    return typeof result === 'number' || typeof result === 'bigint' ? result : null;
  };
  const ranks = members.map(rankOf).filter((rank) => rank !== null);
  const numbers = ranks.filter((rank) => typeof rank === 'number');
  const inOrder =
    numbers.length === ranks.length
      ? Float64Array.from(numbers).sort()
      : ranks.sort((a, b) => (a < b ? -1 : Number(a > b)));
  const least = inOrder[Math.max(0, ranks.length - top.limit)];
  return least === undefined ? () => false : (group) => (rankOf(group) ?? Number.NaN) >= least;
}
