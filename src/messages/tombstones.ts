/** Tombstones as a store takes them. */
import type { Tombstone } from './streams.ts';

/** Those whose key a store can have. */
export function tombstonesOf(events: readonly Readonly<Record<string, unknown>>[]): Tombstone[] {
  return events.flatMap(({ key, occurredAt }) => {
    const isKey = typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint';
    return isKey && typeof occurredAt === 'number' ? [{ key, occurredAt }] : [];
  });
}
