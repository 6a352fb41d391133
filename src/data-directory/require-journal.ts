/** What every command on an existing data directory asks first. */
import { existsSync } from 'node:fs';
import { type JournalPlace, journalOf } from '../journal/open-reader.ts';

/** Throws, for people, when the directory has no journal. */
export function requireJournal(dataDir: string): JournalPlace {
  const journal = journalOf(dataDir);
  if (!existsSync(journal.directory)) throw new Error(`There is no journal in ${dataDir}; see --data`);
  return journal;
}
