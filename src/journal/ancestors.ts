/** Makes a directory's own name durable, and the names of all directories above it. */
import { dirname, resolve } from 'node:path';
import { hasCode } from '../error-code.ts';
import type { Fs } from './fs.ts';

/**
 * Syncs every directory above this one. Files in a directory whose own name was never synced can still be taken back, and
 * nobody knows which directories a killed process had just made.
 */
export async function syncAncestors(fs: Fs, directory: string): Promise<void> {
  for (let above = dirname(resolve(directory)); ; above = dirname(above)) {
    try {
      await fs.syncDirectory(above);
    } catch (error) {
      // This user has not made a directory that it may not read.
      if (!hasCode(error, 'EACCES')) throw error;
    }
    if (above === dirname(above)) return;
  }
}
