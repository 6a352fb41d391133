/** Where the socket of a service's local channel lies: in its data directory, or where that has too long a path, elsewhere. */
import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ownSocketPath, PATH_FILE, shortName } from './channel-protocol.ts';

export interface Place {
  readonly path: string;
  remove(): void;
}

/** Whatever is there is of a service that was killed: the lock of the directory is ours. */
export function makePlace(dataDir: string): Place {
  removeShortPlace(dataDir);
  const own = ownSocketPath(dataDir);
  if (own !== null) {
    const remove = (): void => rmSync(own, { force: true });
    remove();
    return { path: own, remove };
  }
  // Made with mode 0700.
  const path = join(mkdtempSync(join(tmpdir(), shortName(dataDir))), 'c.sock');
  writeFileSync(join(dataDir, PATH_FILE), path, { mode: 0o600 });
  return { path, remove: () => removeShortPlace(dataDir) };
}

/** Removes what the path file names only where it is what a service makes. */
function removeShortPlace(dataDir: string): void {
  const record = join(dataDir, PATH_FILE);
  try {
    const path = readFileSync(record, 'utf8');
    if (basename(dirname(path)).startsWith(shortName(dataDir)) && basename(path) === 'c.sock') {
      rmSync(path, { force: true });
      rmdirSync(dirname(path));
    }
  } catch {
    // There is none, or it is gone with the temporary directory.
  }
  rmSync(record, { force: true });
}
