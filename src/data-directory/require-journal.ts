/** The first check of every command on an existing data directory. */
import { existsSync } from 'node:fs';
import { type JournalPlace, journalOf } from '../journal/open-reader.ts';

/** The directory's journal. Throws, in words for people, when it has none. */
export function requireJournal(dataDir: string): JournalPlace {
  const journal = journalOf(dataDir);
  if (!existsSync(journal.directory)) throw new Error(`There is no journal in ${dataDir}; see --data`);
  return journal;
}
