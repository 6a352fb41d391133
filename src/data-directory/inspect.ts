/** Reports on a data directory's journal, log by log. It takes no lock and changes nothing. */
import type { CommitReader } from '../journal/commit-reader.ts';
import { inspectJournal, type LogReport } from '../journal/inspect.ts';
import { journalOf, openReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { recordOf } from '../messages/codec.ts';

export interface InspectedLog extends LogReport {
  /** Times of the first and the last commit, epoch milliseconds; null for a log that is empty or damaged. */
  readonly from: number | null;
  readonly to: number | null;
  readonly perSecond: number | null;
}

export interface Inspected {
  readonly logs: readonly InspectedLog[];
  readonly schemas: readonly { readonly fingerprint: string; readonly name: string }[];
}

export async function inspectData(dataDir: string): Promise<Inspected> {
  const journal = journalOf(dataDir);
  const reader = openReader(journal);
  const schemas = readSchemaFiles(dataDir).map(([fingerprint, json]) => ({ fingerprint, name: nameOf(json) }));
  const logs: InspectedLog[] = [];
  for (const report of inspectJournal(journal.directory)) {
    const { log, firstOffset, nextOffset } = report;
    const from = await committedAt(reader, log, firstOffset, nextOffset);
    const to = await committedAt(reader, log, nextOffset - 1, nextOffset);
    const isMeasured = from !== null && to !== null && to > from;
    const perSecond = isMeasured ? ((nextOffset - firstOffset) * 1000) / (to - from) : null;
    logs.push({ ...report, from, to, perSecond });
  }
  return { logs, schemas };
}

function nameOf(schemaJson: string): string {
  try {
    return recordOf(schemaJson).name;
  } catch {
    return '(damaged)';
  }
}

/** Time of the commit that holds the event at `offset`; null when there is none, or it can't be read. */
async function committedAt(
  reader: CommitReader,
  log: string,
  offset: number,
  nextOffset: number,
): Promise<number | null> {
  if (offset < 0 || offset >= nextOffset) return null;
  try {
    for await (const { commit } of reader.commits(log, { fromOffset: offset, toOffset: offset + 1 })) {
      return commit.committedAt;
    }
  } catch {
    // `tail` and verify report damage.
  }
  return null;
}
