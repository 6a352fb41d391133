import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFs } from '../../src/journal/fs.ts';
import { lockDirectory } from '../../src/journal/lock.ts';
import { journalOf, openReader } from '../../src/journal/open-reader.ts';
import { prunableSegments, pruneSegments } from '../../src/journal/prune.ts';
import { COMMIT_FRAME, encodeCommit } from '../../src/messages/commit.ts';
import { commitReaderContract, type ReaderSubject } from './commit-reader-contract.ts';
import { memoryImage, memoryReader, openMemoryJournal } from './memory-journal.ts';
import { crashed, damage, flipped, open, scratchDirectory } from './scratch.ts';

/** A small segment has a few commits, and a frame that is looked for by the index of its segment. */
async function onDisk(segmentBytes: number): Promise<ReaderSubject> {
  const place = journalOf(scratchDirectory());
  return {
    journal: await open(place.directory, { segmentBytes }),
    // As a thread gets it.
    open: () => openReader(structuredClone(place)),
    async prune(log, neededFrom) {
      const policy = { beforeMs: Number.POSITIVE_INFINITY, maxBytes: 0, neededFrom, committedAtMs: async () => 0 };
      const directory = join(place.directory, log);
      await pruneSegments(nodeFs, directory, await prunableSegments(nodeFs, directory, policy));
    },
    rot: (log) =>
      damage(join(place.directory, log, `${'0'.repeat(20)}.log`), (bytes) => flipped(bytes, bytes.length >> 1, 3)),
  };
}

async function inMemory(): Promise<ReaderSubject> {
  const image = memoryImage();
  return {
    journal: openMemoryJournal(image),
    open: () => memoryReader(image),
    async prune(log, neededFrom) {
      const frames = image.logs.get(log) ?? [];
      frames.splice(
        0,
        frames.findIndex(({ endOffset }) => endOffset > neededFrom),
      );
    },
    rot: (log) => void image.rotten.add(log),
  };
}

commitReaderContract('The reader of a journal on disk', () => onDisk(600));
commitReaderContract('The reader of a journal on disk with a segment a commit', () => onDisk(1));
commitReaderContract('The reader of a journal in memory', inMemory);

test('the end of a log that nobody writes is every whole frame, and beside a writer what is vouched for', async () => {
  const place = journalOf(scratchDirectory());
  const journal = await open(place.directory);
  const log = await journal.openLog('s-0');
  const commit = { stream: 's', partition: 0, source: 'x', next: 1, committedAt: 1, sections: [] };
  for (let i = 0; i < 3; i++) await log.append(COMMIT_FRAME, 1, encodeCommit(commit).parts);
  const directory = crashed(place.directory);
  const reader = openReader({ kind: 'local', directory });
  const unlock = lockDirectory(directory);
  const beside = await reader.endOf('s-0');
  unlock();
  expect(beside).toBeLessThan(3);
  expect(await reader.endOf('s-0')).toBe(3);
  await journal.close();
});
