/** Events of chosen types in chosen logs of a data directory, as columns. */
import { openPassingReader } from '../journal/open-reader.ts';
import type { Columns } from '../messages/columns.ts';
import { registryOf } from './registry-of.ts';
import { requireJournal } from './require-journal.ts';

/**
 * Blocks of a stream, log by log in their order. It takes no lock. A block's columns are gone when the next block is
 * asked for.
 */
export async function* readBlocks(
  dataDir: string,
  wantsLog: (log: string) => boolean,
  wantsType: (name: string) => boolean,
): AsyncGenerator<Columns> {
  const reader = openPassingReader(requireJournal(dataDir));
  const registry = registryOf(dataDir);
  for (const log of await reader.logNames()) {
    if (!wantsLog(log)) continue;
    const range = { fromOffset: await reader.startOf(log), toOffset: await reader.endOf(log) };
    for await (const { commit } of reader.commits(log, range)) {
      for (const section of commit.sections) {
        const type = registry.writerOf(section.fingerprint);
        if (type !== undefined && wantsType(type.name)) yield type.columns(section);
      }
    }
  }
}
