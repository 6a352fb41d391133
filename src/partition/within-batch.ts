/**
 * The name for a source's position within a batch that became several commits, some of them not committed yet. The source's
 * own position stays behind the previous batch until all are.
 */
export function withinBatch(source: string, next: number): string {
  return `${source}@${next}`;
}
