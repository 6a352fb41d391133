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
  const rankOf = (group: number): number => {
    const result = resultOf(groups, group, aggregate);
    return typeof result === 'number' ? result : Number.NaN;
  };
  const ranks = Float64Array.from(members, rankOf).filter((rank) => !Number.isNaN(rank));
  const least = ranks.sort()[Math.max(0, ranks.length - top.limit)];
  return least === undefined ? () => false : (group) => rankOf(group) >= least;
}
