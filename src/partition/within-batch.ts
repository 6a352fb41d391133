/**
 * Where a source stands within a batch of which some commits are in and others are not, under a name of its own: the
 * source itself stands behind the batch before it until all are.
 */
export function withinBatch(source: string, next: number): string {
  return `${source}@${next}`;
}
