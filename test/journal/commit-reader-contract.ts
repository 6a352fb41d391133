/**
 * What every reader of a journal must do, wherever the journal is. What is read is held against what was appended: a
 * list of commits, and for a range those of them that touch it.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CommitReader, JournaledCommit, OffsetRange } from '../../src/journal/commit-reader.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Log } from '../../src/journal/log.ts';
import { COMMIT_FRAME, type Commit, encodeCommit } from '../../src/messages/commit.ts';

export interface ReaderSubject {
  /** As its writer has it. */
  readonly journal: Journal;
  /** One that has read nothing yet. */
  open(): CommitReader;
  /** Old events of a log go, some of those below the offset. */
  prune(log: string, neededFrom: number): Promise<void>;
  /** What the log holds is not what it held. */
  rot(log: string): void;
}

const LOG = 'pay.s-0';

function commitOf(index: number, events: number): Commit {
  const bytes = Buffer.alloc(1 + (index % 5), index % 251);
  return {
    stream: 'pay.s',
    partition: 0,
    source: `source ${index}`,
    next: index + 1,
    committedAt: 1000 + 10 * index,
    // A commit that stands for lost events has no sections.
    sections: index % 7 === 6 ? [] : [{ fingerprint: 'f'.repeat(16), role: 'input', count: events, bytes }],
  };
}

/** Several are in flight at once. */
async function append(log: Log, commits: readonly Commit[], events: readonly number[]): Promise<JournaledCommit[]> {
  return Promise.all(
    commits.map(async (commit, i) => {
      const count = events[i] ?? 1;
      const offset = await log.append(COMMIT_FRAME, count, encodeCommit(commit).parts);
      return { offset, endOffset: offset + count, commit };
    }),
  );
}

async function gathered(reader: CommitReader, log: string, range: OffsetRange): Promise<JournaledCommit[]> {
  const found: JournaledCommit[] = [];
  for await (const read of reader.commits(log, range)) found.push(read);
  return found;
}

function touching(all: readonly JournaledCommit[], { fromOffset, toOffset }: OffsetRange): JournaledCommit[] {
  if (fromOffset >= toOffset) return [];
  return all.filter(({ offset, endOffset }) => endOffset > fromOffset && offset < toOffset);
}

export function commitReaderContract(name: string, create: () => Promise<ReaderSubject>): void {
  describe(`${name} keeps the commit reader's contract:`, () => {
    const COUNTS = Array.from({ length: 60 }, (_, index) => 1 + (index % 4));
    let on: ReaderSubject;
    let reader: CommitReader;
    let log: Log;
    let all: JournaledCommit[];
    let end: number;

    beforeEach(async () => {
      on = await create();
      log = await on.journal.openLog(LOG);
      all = [];
      for (const [index, events] of COUNTS.entries()) {
        all.push(...(await append(log, [commitOf(index, events)], [events])));
      }
      end = log.durableOffset();
      reader = on.open();
      return () => on.journal.close();
    });

    test('a range gives the commits that touch it, as they were appended', async () => {
      const offset = fc.nat(end);
      await fc.assert(
        fc.asyncProperty(offset, offset, async (fromOffset, toOffset) => {
          const range = { fromOffset, toOffset };
          expect(await gathered(reader, LOG, range)).toEqual(touching(all, range));
        }),
      );
    });

    test('what is beyond the end is no empty range: it is missing', async () => {
      const beyond = gathered(reader, LOG, { fromOffset: 0, toOffset: end + 1 });
      await expect(beyond).rejects.toMatchObject({ kind: 'corrupt' });
      const nowhere = gathered(reader, 'nowhere-0', { fromOffset: 0, toOffset: 1 });
      await expect(nowhere).rejects.toMatchObject({ kind: 'corrupt' });
    });

    test('a log without events begins and ends at 0, as one that there is not', async () => {
      await on.journal.openLog('empty-0');
      for (const empty of ['empty-0', 'nowhere-0']) {
        expect([await reader.startOf(empty), await reader.endOf(empty)]).toEqual([0, 0]);
        expect(await gathered(reader, empty, { fromOffset: 0, toOffset: 0 })).toEqual([]);
        expect(await reader.offsetAt(empty, 0)).toBe(0);
      }
    });

    test('logs are named, sorted, and apart from each other', async () => {
      const other = await on.journal.openLog('a-1');
      const [only] = await append(other, [commitOf(99, 2)], [2]);
      expect(await reader.logNames()).toEqual(['a-1', LOG]);
      expect(await gathered(reader, 'a-1', { fromOffset: 0, toOffset: 2 })).toEqual([only]);
    });

    test('whoever reads on finds what was appended meanwhile', async () => {
      let reached = end;
      for (let round = 0; round < 5; round++) {
        const added = await append(log, [commitOf(60 + 2 * round, 3), commitOf(61 + 2 * round, 1)], [3, 1]);
        const range = { fromOffset: reached, toOffset: log.durableOffset() };
        expect(await gathered(reader, LOG, range)).toEqual(added);
        reached = range.toOffset;
      }
    });

    test('a log that is read while it grows gives what was in the range', async () => {
      const read = reader.commits(LOG, { fromOffset: 0, toOffset: end });
      expect((await read.next()).value).toEqual(all[0]);
      await append(log, [commitOf(60, 3)], [3]);
      const rest: JournaledCommit[] = [];
      for await (const commit of read) rest.push(commit);
      expect(rest).toEqual(all.slice(1));
    });

    test('several may read at once, and one that stops early disturbs nobody', async () => {
      const whole = { fromOffset: 0, toOffset: end };
      const [one, other] = [reader.commits(LOG, whole), reader.commits(LOG, whole)];
      const seen: (readonly [unknown, unknown])[] = [];
      for (let i = 0; i < 10; i++) seen.push([(await one.next()).value, (await other.next()).value]);
      expect(seen).toEqual(all.slice(0, 10).map((commit) => [commit, commit]));
      await one.return(undefined);
      expect((await other.next()).value).toEqual(all[10]);
      expect(await gathered(reader, LOG, whole)).toEqual(all);
    });

    test('once it is closed, a new reader finds where it ends', async () => {
      await on.journal.close();
      expect(await on.open().endOf(LOG)).toBe(end);
    });

    test('beside the writer the end is no further than what is durable', async () => {
      expect(await reader.endOf(LOG)).toBeLessThanOrEqual(end);
    });

    test('a time is found by an offset that leaves out nothing of it and later', async () => {
      expect(await reader.offsetAt(LOG, Number.NEGATIVE_INFINITY)).toBe(0);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 900, max: 1700 }), async (time) => {
          const first = all.find(({ commit }) => commit.committedAt >= time);
          expect(await reader.offsetAt(LOG, time)).toBeLessThanOrEqual(first?.offset ?? end);
        }),
      );
    });

    test('pruned events are gone: the log begins behind them, and they are missing', async () => {
      const neededFrom = all[40]?.offset ?? 0;
      await on.prune(LOG, neededFrom);
      const fresh = on.open();
      for (const one of [reader, fresh]) {
        const start = await one.startOf(LOG);
        expect(start).toBeGreaterThan(0);
        expect(start).toBeLessThanOrEqual(neededFrom);
        const range = { fromOffset: start, toOffset: end };
        expect(await gathered(one, LOG, range)).toEqual(touching(all, range));
        const before = gathered(one, LOG, { fromOffset: start - 1, toOffset: end });
        await expect(before).rejects.toMatchObject({ kind: 'corrupt' });
        expect(await one.offsetAt(LOG, 0)).toBe(start);
      }
    });

    test('damage is told and never skipped', async () => {
      on.rot(LOG);
      await expect(gathered(on.open(), LOG, { fromOffset: 0, toOffset: end })).rejects.toMatchObject({
        kind: 'corrupt',
      });
    });
  });
}
