/** The place of a local channel's socket: the data directory, or a temporary one when the path would be too long. */
import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ownSocketPath, PATH_FILE, shortName } from './channel-protocol.ts';

export interface Place {
  readonly path: string;
  remove(): void;
}

/** Makes the place. This process holds the lock, so a socket that is there already was left by a killed service. */
export function makePlace(dataDir: string): Place {
  removeShortPlace(dataDir);
  const own = ownSocketPath(dataDir);
  if (own !== null) {
    const remove = (): void => rmSync(own, { force: true });
    remove();
    return { path: own, remove };
  }
  // mkdtemp makes it with mode 0700.
  const path = join(mkdtempSync(join(tmpdir(), shortName(dataDir))), 'c.sock');
  writeFileSync(join(dataDir, PATH_FILE), path, { mode: 0o600 });
  return { path, remove: () => removeShortPlace(dataDir) };
}

/** Removes the place that the path file names, if it is one that a service makes. */
function removeShortPlace(dataDir: string): void {
  const record = join(dataDir, PATH_FILE);
  try {
    const path = readFileSync(record, 'utf8');
    if (basename(dirname(path)).startsWith(shortName(dataDir)) && basename(path) === 'c.sock') {
      rmSync(path, { force: true });
      rmdirSync(dirname(path));
    }
  } catch {
    // There is no path file, or its place went with the temporary directory.
  }
  rmSync(record, { force: true });
}
