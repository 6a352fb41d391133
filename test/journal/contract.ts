/**
 * What every journal and snapshot store must do, wherever it keeps its bytes. The facts are those of Apache Pekko's
 * JournalSpec and SnapshotStoreSpec: five events with the last two as one atomic write, and snapshots at 11 to 15.
 * Pekko counts from 1 and its ranges are closed; ours count from 0 and are half-open.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { OffsetRange } from '../../src/journal/commit-reader.ts';
import type { Frame } from '../../src/journal/frame-reader.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Log } from '../../src/journal/log.ts';
import type { SnapshotStore } from '../../src/journal/snapshots.ts';

const NAME = 'p-0';
const KIND = 1;

export interface JournalSubject {
  /** Opens it; again after a close, it finds what was there. */
  open(): Promise<Journal>;
  /** Frames with an event in the range. */
  read(log: string, range: OffsetRange): Iterable<Frame>;
}

/** `create` makes a new and empty one. */
export function journalContract(subject: string, create: () => JournalSubject): void {
  describe(`${subject} keeps the journal contract:`, () => {
    let on: JournalSubject;
    let journal: Journal;
    let log: Log;

    beforeEach(async () => {
      on = create();
      journal = await on.open();
      log = await journal.openLog(NAME);
      for (const name of ['a-1', 'a-2', 'a-3']) await log.append(KIND, 1, [Buffer.from(name)]);
      await log.append(KIND, 2, [Buffer.from('a-4'), Buffer.from('a-5')]);
      return () => journal.close();
    });

    function sequences(fromSequence: number, toSequence: number, max = Number.POSITIVE_INFINITY): number[] {
      const found: number[] = [];
      const toOffset = Math.min(toSequence, log.durableOffset());
      for (const frame of on.read(NAME, { fromOffset: fromSequence - 1, toOffset })) {
        for (let offset = frame.offset; offset < frame.endOffset; offset++) {
          if (offset >= fromSequence - 1 && offset < toOffset && found.length < max) found.push(offset + 1);
        }
        if (found.length >= max) break;
      }
      return found;
    }

    const END = Number.POSITIVE_INFINITY;
    test.each([
      [1, END, END, [1, 2, 3, 4, 5]],
      [3, END, END, [3, 4, 5]],
      [1, 3, END, [1, 2, 3]],
      [1, END, 3, [1, 2, 3]],
      [2, 3, END, [2, 3]],
      [2, 5, 2, [2, 3]],
      [2, 2, END, [2]],
      [2, 4, 1, [2]],
      [2, 4, 0, []],
      [3, 2, END, []],
    ])('replay from %d to %d of at most %d gives %j', (from, to, max, expected) => {
      expect(sequences(from, to, max)).toEqual(expected);
    });

    test('a log without events has nothing and ends at 0', async () => {
      const empty = await journal.openLog('nothing-0');
      expect(empty.durableOffset()).toBe(0);
      expect([...on.read('nothing-0', { fromOffset: 0, toOffset: empty.durableOffset() })]).toEqual([]);
    });

    test('an atomic write is one frame, found from its middle and from its end', () => {
      const frames = (fromOffset: number, toOffset: number): Frame[] => [...on.read(NAME, { fromOffset, toOffset })];
      for (const [from, to] of [
        [3, 5],
        [4, 5],
        [3, 4],
      ] as const) {
        expect(frames(from, to).map(({ offset, count, endOffset }) => [offset, count, endOffset])).toEqual([[3, 2, 5]]);
      }
      expect(Buffer.from(frames(4, 5)[0]?.body ?? []).toString()).toBe('a-4a-5');
    });

    test('the highest offset survives a reopening, and appends go on from it', async () => {
      await journal.close();
      journal = await on.open();
      log = await journal.openLog(NAME);
      expect([log.nextOffset(), log.durableOffset()]).toEqual([5, 5]);
      expect(sequences(1, END)).toEqual([1, 2, 3, 4, 5]);
      expect(await log.append(KIND, 1, [Buffer.from('a-6')])).toBe(5);
      expect(sequences(5, END)).toEqual([5, 6]);
    });

    test('offsets follow the order of the calls, and nextOffset counts those in flight', async () => {
      const appends = [3, 1, 2].map((count) => log.append(KIND, count, [Buffer.from('x')]));
      expect([log.nextOffset(), log.durableOffset()]).toEqual([11, 5]);
      expect(await Promise.all(appends)).toEqual([5, 8, 9]);
      expect(log.durableOffset()).toBe(11);
    });

    test('two appends at once get offsets of their own', async () => {
      const [one, other] = await Promise.all([
        log.append(KIND, 1, [Buffer.from('one')]),
        log.append(KIND, 1, [Buffer.from('other')]),
      ]);
      expect(new Set([one, other]).size).toBe(2);
    });

    test('an append that resolved can be read, and was told to the listeners', async () => {
      const told: number[] = [];
      const stop = log.onDurable((offset) => told.push(offset));
      await log.append(KIND, 1, [Buffer.from('a-6')]);
      expect(sequences(6, END)).toEqual([6]);
      expect(told).toEqual([6]);
      stop();
      await log.append(KIND, 1, [Buffer.from('a-7')]);
      expect(told).toEqual([6]);
    });

    test('an empty append is a no-op', async () => {
      const before = log.sizeBytes();
      expect(await log.append(KIND, 0, [])).toBe(5);
      expect([log.nextOffset(), log.sizeBytes()]).toEqual([5, before]);
    });

    test('an append that can not be written is refused, and leaves its neighbours written', async () => {
      const tooLarge = new Uint8Array(256 * 1024 * 1024 + 1);
      const before = log.append(KIND, 1, [Buffer.from('before')]);
      const refused = [
        log.append(KIND, 1, [tooLarge]),
        log.append(KIND, -1, [Buffer.from('x')]),
        log.append(KIND, 0, [Buffer.from('x')]),
        log.append(KIND, 1.5, [Buffer.from('x')]),
        log.append(256, 1, [Buffer.from('x')]),
        ...[0, 2, 3].map((kind) => log.append(kind, 1, [Buffer.from('x')])),
      ];
      const after = log.append(KIND, 1, [Buffer.from('after')]);
      const outcomes = await Promise.allSettled(refused);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { kind: 'invalid' } });
      expect([await before, await after]).toEqual([5, 6]);
      await journal.close();
      journal = await on.open();
      log = await journal.openLog(NAME);
      expect(log.nextOffset()).toBe(7);
    });

    test('closing twice is closing once, and a closed log takes nothing', async () => {
      await Promise.all([journal.close(), journal.close()]);
      await journal.close();
      await log.close();
      await expect(log.append(KIND, 1, [Buffer.from('x')])).rejects.toMatchObject({ kind: 'closed' });
      await expect(journal.openLog(NAME)).rejects.toMatchObject({ kind: 'closed' });
    });

    test('close waits for the appends before it', async () => {
      const appended = log.append(KIND, 1, [Buffer.from('last')]);
      await journal.close();
      expect(await appended).toBe(5);
    });

    test('logs are named and apart from each other', async () => {
      const other = await journal.openLog('p-1');
      expect(await other.append(KIND, 1, [Buffer.from('b')])).toBe(0);
      expect(log.nextOffset()).toBe(5);
      expect(await journal.openLog(NAME)).toBe(log);
      expect(journal.logNames()).toEqual(['p-0', 'p-1']);
      for (const name of ['../p', '', '.', 'a/b', '.hidden', 'a\0b']) {
        await expect(journal.openLog(name)).rejects.toMatchObject({ kind: 'invalid' });
      }
    });
  });
}

export function snapshotContract(subject: string, create: () => SnapshotStore): void {
  describe(`${subject} keeps the snapshot contract:`, () => {
    let store: SnapshotStore;

    beforeEach(async () => {
      store = create();
      for (const offset of [11, 12, 13, 14, 15]) await store.save(NAME, offset, Buffer.from(`s-${offset}`));
    });

    test.each([
      [undefined, 15],
      [13, 13],
      [14, 14],
      [100, 15],
    ])('the newest at most at %s is %s', async (maxOffset, expected) => {
      const found = await store.latest(NAME, maxOffset);
      expect([found?.offset, Buffer.from(found?.body ?? []).toString()]).toEqual([expected, `s-${expected}`]);
    });

    test('below the first and of an unknown log there is none', async () => {
      expect(await store.latest(NAME, 7)).toBeNull();
      expect(await store.latest('unknown-0')).toBeNull();
    });

    test('saving an offset again replaces it', async () => {
      await store.save(NAME, 15, Buffer.from('again'));
      expect(Buffer.from((await store.latest(NAME))?.body ?? []).toString()).toBe('again');
    });

    test('pruning keeps the newest, and pruning again changes nothing', async () => {
      for (let times = 0; times < 2; times++) {
        await store.prune(NAME, 2);
        expect((await store.latest(NAME, 13))?.offset).toBeUndefined();
        expect((await store.latest(NAME, 14))?.offset).toBe(14);
        expect((await store.latest(NAME))?.offset).toBe(15);
      }
    });

    test('a state of 10,000 bytes and one of none come back', async () => {
      const state = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 7) % 256);
      await store.save(NAME, 16, state);
      expect(Buffer.compare((await store.latest(NAME))?.body ?? new Uint8Array(), state)).toBe(0);
      await store.save(NAME, 17, new Uint8Array());
      expect((await store.latest(NAME))?.body.byteLength).toBe(0);
    });
  });
}
