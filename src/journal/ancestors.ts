/** A directory's own names, made durable in the directories above it. */
import { dirname, resolve } from 'node:path';
import { type Fs, isErrno } from './fs.ts';

/**
 * Syncs every directory above this one. What is synced in a directory whose own name was not can still be taken back,
 * and which of them a process that was killed had just made, nobody knows.
 */
export async function syncAncestors(fs: Fs, directory: string): Promise<void> {
  for (let above = dirname(resolve(directory)); ; above = dirname(above)) {
    try {
      await fs.syncDirectory(above);
    } catch (error) {
      // One that this user may not read is one that it did not make.
      if (!isErrno(error, 'EACCES')) throw error;
    }
    if (above === dirname(above)) return;
  }
}
