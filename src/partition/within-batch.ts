/**
 * The name for a source's position within a batch that became several commits, some of them not committed yet. The source's
 * own position stays behind the previous batch until all are.
 */
export function withinBatch(source: string, next: number): string {
  return `${source}@${next}`;
}

/** Where the batch of this source ends that a partition with these positions has a part of; null when it has no part of one. */
export function endOfBatchInside(positions: ReadonlyMap<string, number>, source: string): number | null {
  const prefix = withinBatch(source, 0).slice(0, -1);
  for (const name of positions.keys()) if (name.startsWith(prefix)) return Number(name.slice(prefix.length));
  return null;
}
