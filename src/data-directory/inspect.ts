/** What is in a data directory's journal, log by log; takes no lock and changes nothing. */
import { join } from 'node:path';
import { inspectJournal, type LogReport } from '../journal/inspect.ts';
import { readFrames } from '../journal/reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { recordOf } from '../messages/codec.ts';
import { decodeCommit } from '../messages/commit.ts';

export interface InspectedLog extends LogReport {
  /** When its first and last commit were made, epoch milliseconds; null for a log without events, or one that is damaged. */
  readonly from: number | null;
  readonly to: number | null;
  readonly perSecond: number | null;
}

export interface Inspected {
  readonly logs: readonly InspectedLog[];
  readonly schemas: readonly { readonly fingerprint: string; readonly name: string }[];
}

export function inspectData(dataDir: string): Inspected {
  const journalDir = join(dataDir, 'journal');
  const schemas = readSchemaFiles(dataDir).map(([fingerprint, json]) => ({ fingerprint, name: nameOf(json) }));
  const logs = inspectJournal(journalDir).map((report) => {
    const { log, firstOffset, nextOffset } = report;
    const from = committedAt(journalDir, log, firstOffset, nextOffset);
    const to = committedAt(journalDir, log, nextOffset - 1, nextOffset);
    const isMeasured = from !== null && to !== null && to > from;
    return { ...report, from, to, perSecond: isMeasured ? ((nextOffset - firstOffset) * 1000) / (to - from) : null };
  });
  return { logs, schemas };
}

function nameOf(schemaJson: string): string {
  try {
    return recordOf(schemaJson).name;
  } catch {
    return '(damaged)';
  }
}

/** Of the commit that holds the event at `offset`; null when there is none, or it can't be read. */
function committedAt(journalDir: string, log: string, offset: number, nextOffset: number): number | null {
  if (offset < 0 || offset >= nextOffset) return null;
  try {
    for (const frame of readFrames(journalDir, log, { fromOffset: offset, toOffset: offset + 1 })) {
      return decodeCommit(frame.body).committedAt;
    }
  } catch {
    // Damage is the business of `tail` and of verify.
  }
  return null;
}
