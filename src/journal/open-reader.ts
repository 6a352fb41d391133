/**
 * The place of a journal as data, which can be passed to a thread or a child process, and the one function that opens a
 * reader there. A journal on another medium is one more kind here.
 */
import { join } from 'node:path';
import type { CommitReader } from './commit-reader.ts';
import { localReader } from './local-reader.ts';
import { nodeSyncFs, type SyncFs } from './sync-fs.ts';

/** Structured-cloneable. */
export type JournalPlace = { readonly kind: 'local'; readonly directory: string };

/** The journal of a data directory. */
export function journalOf(dataDir: string): JournalPlace {
  return { kind: 'local', directory: join(dataDir, 'journal') };
}

/** `fs` is the disk of this machine, where the journal is on it. */
export function openReader(place: JournalPlace, fs: SyncFs = nodeSyncFs): CommitReader {
  switch (place.kind) {
    case 'local':
      return localReader(place.directory, fs, false);
  }
}

/** A reader for one who is done with a commit when it asks for the next: the memory is then used again. */
export function openPassingReader(place: JournalPlace, fs: SyncFs = nodeSyncFs): CommitReader {
  switch (place.kind) {
    case 'local':
      return localReader(place.directory, fs, true);
  }
}
