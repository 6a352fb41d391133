/** Resident memory of this process, in bytes. Linux tells by a file: without a descriptor for it, what it last told. */
export function createResidentMemory(): () => number {
  let bytes = 0;
  return () => {
    try {
      bytes = process.memoryUsage.rss();
    } catch {
      // EMFILE: a figure for the page is no reason to end.
    }
    return bytes;
  };
}
