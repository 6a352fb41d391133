import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommitReader } from '../../src/journal/commit-reader.ts';
import { nodeFs } from '../../src/journal/fs.ts';
import { lockDirectory } from '../../src/journal/lock.ts';
import { journalOf, openPassingReader, openReader } from '../../src/journal/open-reader.ts';
import { prunableSegments, pruneSegments } from '../../src/journal/prune.ts';
import { COMMIT_FRAME, encodeCommit } from '../../src/messages/commit.ts';
import { commitReaderContract, type ReaderSubject } from './commit-reader-contract.ts';
import { memoryImage, memoryReader, openMemoryJournal } from './memory-journal.ts';
import { crashed, damage, flipped, open, scratchDirectory } from './scratch.ts';
import { sendAll, tierIn } from './sent-away.ts';

/** For who keeps what another gives away: each commit is copied before the next one is asked for. */
function keeping(reader: CommitReader): CommitReader {
  return {
    ...reader,
    async *commits(log, range) {
      for await (const { commit, ...place } of reader.commits(log, range)) {
        const sections = commit.sections.map((section) => ({ ...section, bytes: Buffer.from(section.bytes) }));
        yield { ...place, commit: { ...commit, sections } };
      }
    },
  };
}

/** A small segment has a few commits, and a frame that is looked for by the index of its segment. */
async function onDisk(segmentBytes: number, opened: typeof openReader = openReader): Promise<ReaderSubject> {
  const place = journalOf(scratchDirectory());
  return {
    journal: await open(place.directory, { segmentBytes }),
    // As a thread gets it.
    open: () => opened(structuredClone(place)),
    async prune(log, neededFrom) {
      const policy = { beforeMs: Number.POSITIVE_INFINITY, maxBytes: 0, neededFrom, committedAtMs: async () => 0 };
      const directory = join(place.directory, log);
      await pruneSegments(nodeFs, directory, await prunableSegments(nodeFs, directory, policy));
    },
    rot: (log) =>
      damage(join(place.directory, log, `${'0'.repeat(20)}.log`), (bytes) => flipped(bytes, bytes.length >> 1, 3)),
  };
}

/** Whatever is sealed is elsewhere before anything is read, as far as its bytes are whole. */
async function elsewhere(segmentBytes: number): Promise<ReaderSubject> {
  const subject = await onDisk(segmentBytes);
  const tier = tierIn(scratchDirectory());
  const away = async (): Promise<void> => {
    for (const log of subject.journal.logNames()) await sendAll(join(subject.journal.dir, log), tier);
  };
  return {
    ...subject,
    open() {
      const reader = subject.open();
      const afterwards =
        <A extends readonly unknown[], R>(read: (...words: A) => Promise<R>) =>
        async (...words: A): Promise<R> => {
          await away();
          return read(...words);
        };
      return {
        logNames: reader.logNames,
        startOf: afterwards(reader.startOf),
        endOf: afterwards(reader.endOf),
        offsetAt: afterwards(reader.offsetAt),
        async *commits(log, range) {
          await away();
          yield* reader.commits(log, range);
        },
      };
    },
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
commitReaderContract('The reader of a journal on disk that uses its memory again', () =>
  onDisk(600, (place) => keeping(openPassingReader(place))),
);
commitReaderContract('The reader of a journal whose segments are kept elsewhere', () => elsewhere(1500));
commitReaderContract('The reader of a journal in memory', inMemory);

test('a reader that uses its memory again has one chunk for all segments, and gives it to one read at a time', async () => {
  const place = journalOf(scratchDirectory());
  const journal = await open(place.directory, { segmentBytes: 1 });
  const log = await journal.openLog('s-0');
  for (let i = 0; i < 3; i++) {
    const sections = [{ fingerprint: 'f'.repeat(16), role: 'input', count: 1, bytes: Buffer.alloc(8, i) }] as const;
    const commit = { stream: 's', partition: 0, source: 'x', next: i, committedAt: 1, sections };
    await log.append(COMMIT_FRAME, 1, encodeCommit(commit).parts);
  }
  const reader = openPassingReader(place);
  const memoryOf = async (read: ReturnType<CommitReader['commits']>) =>
    (await read.next()).value?.commit.sections[0]?.bytes.buffer;
  const [one, other] = [0, 1].map(() => reader.commits('s-0', { fromOffset: 0, toOffset: 3 }));
  if (one === undefined || other === undefined) throw new Error('no reads');
  const first = await memoryOf(one);
  expect(await memoryOf(one)).toBe(first);
  expect(await memoryOf(other)).not.toBe(first);
  await one.return(undefined);
  expect(await memoryOf(reader.commits('s-0', { fromOffset: 1, toOffset: 3 }))).toBe(first);
  await journal.close();
});

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
