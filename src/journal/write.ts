/** Writing and syncing as the disk allows: writes come back short, and a failed sync is final. */
import { JournalError, messageOf } from './error.ts';
import { type File, isOutOfDescriptors } from './fs.ts';

/** Writes until all is written: a write on a filling disk may take a part and report no error. Returns the bytes. */
export async function writeAll(file: File, buffers: readonly Uint8Array[], position: number): Promise<number> {
  let rest = buffers.filter((buffer) => buffer.byteLength > 0);
  let total = 0;
  while (rest.length > 0) {
    const written = await file.write(rest, position + total);
    if (written <= 0)
      throw new Error(`a write of ${rest.length} buffers at byte ${position + total} took none of them`);
    total += written;
    rest = withoutFirst(rest, written);
  }
  return total;
}

function withoutFirst(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let whole = 0;
  let left = bytes;
  while (whole < buffers.length && left >= (buffers[whole]?.byteLength ?? 0)) left -= buffers[whole++]?.byteLength ?? 0;
  const rest = buffers.slice(whole);
  const [torn] = rest;
  if (torn !== undefined && left > 0) rest[0] = torn.subarray(left);
  return rest;
}

/**
 * Waits for a sync. A failure is an `io` JournalError whatever its errno, even ENOSPC: Linux marks pages clean that it
 * failed to write, so a second sync would succeed and prove nothing (Rebello et al., ATC'20).
 */
export async function syncOrFail(log: string, file: string, sync: () => Promise<void>): Promise<void> {
  try {
    await sync();
  } catch (error) {
    // A directory is opened to be synced: without a descriptor nothing was tried, and nothing is lost.
    if (isOutOfDescriptors(error)) throw error;
    throw new JournalError(
      { kind: 'io', log, file },
      `Syncing ${file} failed (${messageOf(error)}). Stopping: only what is on the disk counts now.`,
      error,
    );
  }
}
