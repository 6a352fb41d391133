/** Names of a log's snapshots. */
export const SNAPSHOT_DIRECTORY = 'snapshots';
const SUFFIX = '.snap';
const DIGITS = 20;

export function snapshotName(offset: number): string {
  return String(offset).padStart(DIGITS, '0') + SUFFIX;
}

/** Offsets of the snapshots among the files of a directory, ascending. */
export function snapshotOffsets(names: readonly string[]): number[] {
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => Number(name.slice(0, -SUFFIX.length)))
    .filter((offset) => Number.isSafeInteger(offset))
    .sort((a, b) => a - b);
}
