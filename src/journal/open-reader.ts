/**
 * The place of a journal as data, which can be passed to a thread or a child process, and the one function that opens a
 * reader there. A journal on another medium is one more kind here.
 */
import { join } from 'node:path';
import type { CommitReader } from './commit-reader.ts';
import { localReader } from './local-reader.ts';
import { nodeSyncFs, type SyncFs } from './sync-fs.ts';

/** Structured-cloneable, so that a thread can be given it. */
export type JournalPlace = { readonly kind: 'local'; readonly directory: string };

/** The journal of a data directory. */
export function journalOf(dataDir: string): JournalPlace {
  return { kind: 'local', directory: join(dataDir, 'journal') };
}

/** Opens a reader of the journal. `fs` is this machine's disk, for a journal that lies on it. */
export function openReader(place: JournalPlace, fs: SyncFs = nodeSyncFs): CommitReader {
  switch (place.kind) {
    case 'local':
      return localReader(place.directory, fs, false);
  }
}

/** Opens a reader that uses its memory again: each commit is valid only until the next one is asked for. */
export function openPassingReader(place: JournalPlace, fs: SyncFs = nodeSyncFs): CommitReader {
  switch (place.kind) {
    case 'local':
      return localReader(place.directory, fs, true);
  }
}
