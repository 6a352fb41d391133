/** A folder below a data directory, which is often the only place that a service may write to, for one restored copy at a time. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockDirectory } from '../journal/lock.ts';

const FOLDER = 'drill';

/** `act` is given a path where nothing is; what it leaves there is removed. Throws a JournalError when another process is at it. */
export async function inDrillFolder<T>(dataDir: string, act: (copy: string) => Promise<T>): Promise<T> {
  const folder = join(dataDir, FOLDER);
  mkdirSync(folder, { recursive: true });
  const unlock = lockDirectory(folder);
  const copy = join(folder, 'data');
  try {
    // What one that was killed has left.
    rmSync(copy, { recursive: true, force: true });
    return await act(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
    unlock();
    rmSync(folder, { recursive: true, force: true });
  }
}
