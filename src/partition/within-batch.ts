/**
 * The name for a source's position within a batch that became several commits, some of which are not committed yet. Until
 * all of them are, the source's own position stays at the end of the batch before.
 */
export function withinBatch(source: string, next: number): string {
  return `${source}@${next}`;
}

/**
 * The end of the source's batch that a partition with these positions has only a part of; null when there is no such batch.
 */
export function endOfBatchInside(positions: ReadonlyMap<string, number>, source: string): number | null {
  const prefix = withinBatch(source, 0).slice(0, -1);
  for (const name of positions.keys()) if (name.startsWith(prefix)) return Number(name.slice(prefix.length));
  return null;
}
