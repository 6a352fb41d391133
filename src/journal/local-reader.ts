/**
 * The reader of a journal on this machine's disk. Frames come in chunks of a segment, as the frame reader has them; only
 * a commit's header is made into an object here, never its events.
 */
import { join } from 'node:path';
import { COMMIT_FRAME, decodeCommit } from '../messages/commit.ts';
import { readAway } from './away.ts';
import type { CommitReader, JournaledCommit, OffsetRange } from './commit-reader.ts';
import { JournalError } from './error.ts';
import { fetchSegment } from './fetch-segment.ts';
import { basesOf, type ChunkMemory, chunkMemory, readFrames, startOfLog } from './frame-reader.ts';
import { lockDirectory } from './lock.ts';
import { logNames } from './log-names.ts';
import { segmentName } from './segment.ts';
import { readIndex } from './segment-index.ts';
import type { SyncFs } from './sync-fs.ts';
import { endsOf } from './vouched-end.ts';

/** `reusesMemory`: a commit is valid only until the next one is asked for. */
export function localReader(directory: string, fs: SyncFs, reusesMemory: boolean): CommitReader {
  const memory: ChunkMemory = reusesMemory ? chunkMemory() : { chunk: null };
  function* commitsHere(log: string, range: OffsetRange): Generator<JournaledCommit> {
    for (const { kind, offset, endOffset, body } of readFrames(directory, log, range, fs, memory)) {
      if (kind === COMMIT_FRAME) yield { offset, endOffset, commit: decodeCommit(body) };
    }
  }

  async function* commits(log: string, { fromOffset, toOffset }: OffsetRange): AsyncGenerator<JournaledCommit> {
    for (let from = fromOffset; ; ) {
      try {
        for (const commit of commitsHere(log, { fromOffset: from, toOffset })) {
          from = commit.endOffset;
          yield commit;
        }
        return;
      } catch (error) {
        if (!(error instanceof JournalError && error.fault.kind === 'away')) throw error;
        await fetchSegment(error.fault.file);
      }
    }
  }

  /** Time of the commit that holds an offset; Infinity for a segment without commits. */
  async function committedAt(log: string, offset: number): Promise<number> {
    const away = readAway(fs, join(directory, log, segmentName(offset)));
    if (away !== null) return away.committedAtMs ?? Number.POSITIVE_INFINITY;
    for await (const { commit } of commits(log, { fromOffset: offset, toOffset: offset + 1 }))
      return commit.committedAt;
    return Number.POSITIVE_INFINITY;
  }

  return {
    logNames: async () => logNames(directory, fs),
    startOf: async (log) => startOfLog(directory, log, fs),
    endOf: async (log) => readableEnd(directory, log, fs),
    // Earlier segments are not read, and within a segment the index is used.
    async offsetAt(log, committedAtMs) {
      const home = join(directory, log);
      const bases = basesOf(fs, home);
      const isBefore = async (offset: number): Promise<boolean> => (await committedAt(log, offset)) < committedAtMs;
      const base = await lastThat(bases, isBefore);
      if (base === undefined) return bases[0] ?? 0;
      const path = join(home, segmentName(base));
      // Of a segment that is away only the beginning is known without fetching it.
      const within = readAway(fs, path) === null ? readIndex(fs, path).map(({ offset }) => offset) : [];
      return (await lastThat(within, isBefore)) ?? base;
    },
    commits,
  };
}

/** The end to read to. While this process holds the directory's lock nobody writes, so every whole frame stays. */
function readableEnd(directory: string, log: string, fs: SyncFs): number {
  const home = join(directory, log);
  if (basesOf(fs, home).length === 0) return 0;
  const { vouched, whole } = endsOf(fs, home);
  if (whole === vouched) return vouched;
  let unlock: () => void;
  try {
    unlock = lockDirectory(directory);
  } catch (error) {
    if (error instanceof JournalError) return vouched;
    throw error;
  }
  try {
    return endsOf(fs, home).whole;
  } finally {
    unlock();
  }
}

/** The last offset for which the condition holds, in a list where all offsets for which it holds come first. */
async function lastThat(
  offsets: readonly number[],
  holds: (offset: number) => Promise<boolean>,
): Promise<number | undefined> {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await holds(offsets[middle]!)) low = middle + 1;
    else high = middle;
  }
  return offsets[low - 1];
}
