/**
 * The data directory that a store belongs to, as a number in a file of the directory and in each store: a store that was
 * copied here from another directory has rows of another journal.
 */
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OWNER_FILE = 'stores.id';

/** The number of a data directory; null where no store was opened yet, or only by a version that had no such number. */
export function knownOwner(dataDir: string): number | null {
  try {
    const owner = Number(readFileSync(join(dataDir, OWNER_FILE), 'utf8'));
    return Number.isInteger(owner) && owner > 0 && owner < 2 ** 31 ? owner : null;
  } catch {
    return null;
  }
}

export function ownerOf(dataDir: string): number {
  const known = knownOwner(dataDir);
  if (known !== null) return known;
  const owner = randomInt(1, 2 ** 31);
  writeFileSync(join(dataDir, OWNER_FILE), String(owner));
  return owner;
}
