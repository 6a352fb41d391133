/**
 * The common part of drivers for stores outside the data directory: a server, or a lake. The offsets of such a store
 * are kept in a file here too, as of its last commit: the store may be away, and the journal must keep the events that
 * the store lacks.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreDriver } from '../projections/driver.ts';

/** Pauses between two attempts. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

type Own = Pick<StoreDriver, 'name' | 'kind' | 'label' | 'dialect'> & {
  open(opening: Parameters<StoreDriver['open']>[0], witness: string): ReturnType<StoreDriver['open']>;
  erase(erasing: Parameters<StoreDriver['erase']>[0]): Promise<void>;
};

/** `open` is given the path of the witness, the file that has the offsets of the last commit. */
export function elsewhereDriver({ open, erase, ...own }: Own): StoreDriver {
  const witnessOf = (dataDir: string): string => join(dataDir, `store-${own.name}.json`);
  return {
    ...own,
    files: [],
    // What is wrong there is for people to mend: it may be somebody else's, or all that is left of pruned events.
    damage: /(?!)/,
    cannotHold: () => 'a store of the pipeline file has the tables that it names',
    open: (opening) => open(opening, witnessOf(opening.dataDir)),
    async erase(erasing) {
      await erase(erasing);
      rmSync(witnessOf(erasing.dataDir), { force: true });
    },
    room: null,
    offsets: async (dataDir) => offsetsIn(witnessOf(dataDir)),
    readApart: null,
    retryMs: (failures) => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10)),
  };
}

/** Called after each commit of the store. */
export function writeWitness(witness: string, offsets: ReadonlyMap<string, number>): void {
  writeFileSync(`${witness}.new`, JSON.stringify(Object.fromEntries(offsets)));
  renameSync(`${witness}.new`, witness);
}

/** No offsets where the file is missing or is no witness: then the store is asked from the beginning. */
function offsetsIn(file: string): ReadonlyMap<string, number> {
  try {
    const offsets: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof offsets !== 'object' || offsets === null) return new Map();
    return new Map(Object.entries(offsets).map(([log, next]) => [log, Number(next)]));
  } catch {
    return new Map();
  }
}
