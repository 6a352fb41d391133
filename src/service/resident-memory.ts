/**
 * Resident memory of this process, in bytes. On Linux they are read from a file. When no descriptor is free for it, the
 * last figure stands.
 */
export function createResidentMemory(): () => number {
  let bytes = 0;
  return () => {
    try {
      bytes = process.memoryUsage.rss();
    } catch {
      // EMFILE: a missing figure for the page is no reason to end.
    }
    return bytes;
  };
}
