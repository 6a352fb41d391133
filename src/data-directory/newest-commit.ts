/** When a journal was last written, by the clock of whoever wrote it. */
import { journalOf, openReader } from '../journal/open-reader.ts';

/** Epoch ms of the newest commit of all logs; 0 for a journal without any. */
export async function newestCommitMs(dataDir: string): Promise<number> {
  const reader = openReader(journalOf(dataDir));
  let newestMs = 0;
  for (const log of await reader.logNames()) {
    const end = await reader.endOf(log);
    if (end === 0) continue;
    for await (const { commit } of reader.commits(log, { fromOffset: end - 1, toOffset: end })) {
      newestMs = Math.max(newestMs, commit.committedAt);
    }
  }
  return newestMs;
}
