/** A store vouches for nothing that its journal has not: it is then of another journal, or of one that was cut. */
import { STORE_NAMES, type StoreName } from '../projections/store.ts';

/** The stores that have been given more of a log than there is. */
export function storesAhead(
  found: Readonly<Record<StoreName, Readonly<Record<string, number>>>>,
  endOf: (log: string) => number | undefined,
): StoreName[] {
  const isAhead = ([log, next]: readonly [string, number]): boolean => next > (endOf(log) ?? next);
  return STORE_NAMES.filter((store) => Object.entries(found[store]).some(isAhead));
}
