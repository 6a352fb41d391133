/** Whether a restored journal has what the data directory has at the same offsets: read commit by commit, not by files. */
import { createHash } from 'node:crypto';
import type { CommitReader, OffsetRange } from '../journal/commit-reader.ts';
import { JournalError } from '../journal/error.ts';
import { openPassingReader } from '../journal/open-reader.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { forgottenUpTo } from './forgotten-file.ts';
import { requireJournal } from './require-journal.ts';

/** A log as a backup has it. */
export interface LogEnds {
  readonly log: string;
  readonly firstOffset: number;
  readonly nextOffset: number;
}

export interface LogComparison {
  readonly log: string;
  /** Events that both have. */
  readonly events: number;
  /** SHA-256 of all commits with these events, in order; null where the directory has not got them. */
  readonly restored: string | null;
  readonly live: string | null;
}

/** Compares the logs of a restored directory with those of the directory that was backed up. */
export async function compareLogs(copy: string, dataDir: string, logs: readonly LogEnds[]): Promise<LogComparison[]> {
  const changed = forgottenUpTo(dataDir, nodeSyncFs);
  const restored = openPassingReader(requireJournal(copy));
  const live = openPassingReader(requireJournal(dataDir));
  const compared: LogComparison[] = [];
  for (const log of logs) compared.push(await compareLog(restored, live, log, changed.get(log.log) ?? 0));
  return compared;
}

/**
 * Events are compared from the first that both keep: retention may have dropped some since the backup. Before the offset of
 * `changedUpTo` a key was forgotten since, so the directory has other bytes there.
 */
async function compareLog(
  restored: CommitReader,
  live: CommitReader,
  { log, firstOffset, nextOffset }: LogEnds,
  changedUpTo: number,
): Promise<LogComparison> {
  const fromOffset = Math.max(firstOffset, await live.startOf(log), changedUpTo);
  if (fromOffset >= nextOffset) return { log, events: 0, restored: null, live: null };
  const range = { fromOffset, toOffset: nextOffset };
  const compared = { log, events: nextOffset - fromOffset, restored: await hashOf(restored, log, range) };
  try {
    return { ...compared, live: await hashOf(live, log, range) };
  } catch (error) {
    if (!(error instanceof JournalError) || error.kind !== 'corrupt') throw error;
    // Retention went on meanwhile.
    if ((await live.startOf(log)) > fromOffset)
      return compareLog(restored, live, { log, firstOffset, nextOffset }, changedUpTo);
    return { ...compared, live: null };
  }
}

async function hashOf(reader: CommitReader, log: string, range: OffsetRange): Promise<string> {
  const hash = createHash('sha256');
  for await (const { offset, commit } of reader.commits(log, range)) {
    const { sections, ...header } = commit;
    hash.update(
      JSON.stringify([offset, header, sections.map(({ role, fingerprint, count }) => [role, fingerprint, count])]),
    );
    for (const { bytes } of sections) hash.update(bytes);
  }
  return hash.digest('hex');
}
