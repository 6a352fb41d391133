/** Which logs a journal on this machine's disk has: one directory each. */
import { join } from 'node:path';
import { isLogName } from '../messages/log-name.ts';
import { nodeSyncFs, type SyncFs } from './sync-fs.ts';

/** Names of the logs in a journal's directory, sorted; none when it does not exist. */
export function logNames(directory: string, fs: SyncFs = nodeSyncFs): string[] {
  return (listed(fs, directory) ?? [])
    .filter((name) => isLogName(name) && listed(fs, join(directory, name)) !== null)
    .sort();
}

/** Null for what is no directory. */
function listed(fs: SyncFs, path: string): string[] | null {
  try {
    return fs.list(path);
  } catch {
    return null;
  }
}
