/** What every journal must do when its process or its disk fails: what neither of Pekko's lists asks for. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { Log } from '../../src/journal/log.ts';
import type { JournalSubject } from './contract.ts';

const NAME = 'p-0';
const KIND = 1;

export interface FaultySubject extends JournalSubject {
  /** The machine is gone, with everything that no sync made durable. */
  crash(): void;
  /** Syncs wait until the returned function is called. */
  holdSyncs(): () => void;
  failSyncs(): void;
  /** Leaves half of an append behind that nobody was told of; only after a crash. */
  tear(log: string): Promise<void>;
  /** Changes what was acknowledged; only after a crash. */
  rot(log: string): Promise<void>;
}

export function faultContract(subject: string, create: () => FaultySubject): void {
  describe(`${subject} keeps the contract when things fail:`, () => {
    let faulty: FaultySubject;
    let journal: Journal;
    let log: Log;

    beforeEach(async () => {
      faulty = create();
      await reopen();
      for (const record of ['a', 'b', 'c']) await log.append(KIND, 1, [Buffer.from(record)]);
    });

    async function reopen(): Promise<void> {
      journal = await faulty.open();
      log = await journal.openLog(NAME);
    }
    function records(): string[] {
      const frames = [...faulty.read(NAME, { fromOffset: 0, toOffset: log.durableOffset() })];
      return frames.map(({ body }) => Buffer.from(body).toString());
    }

    test('a crash takes nothing that was acknowledged', async () => {
      faulty.crash();
      await reopen();
      expect(records()).toEqual(['a', 'b', 'c']);
      expect(await log.append(KIND, 1, [Buffer.from('d')])).toBe(3);
    });

    test('a crash in mid-batch leaves the whole of an append or nothing of it', async () => {
      const release = faulty.holdSyncs();
      const appended = log.append(KIND, 2, [Buffer.from('d'), Buffer.from('e')]);
      appended.catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      expect(log.durableOffset()).toBe(3);
      faulty.crash();
      release();
      await reopen();
      expect([
        ['a', 'b', 'c'],
        ['a', 'b', 'c', 'de'],
      ]).toContainEqual(records());
    });

    test('a torn tail is cut off, and the log goes on where the acknowledged part ends', async () => {
      faulty.crash();
      await faulty.tear(NAME);
      await reopen();
      expect(records()).toEqual(['a', 'b', 'c']);
      expect(await log.append(KIND, 1, [Buffer.from('d')])).toBe(3);
      expect(records()).toEqual(['a', 'b', 'c', 'd']);
    });

    test('damage to what was acknowledged is refused by the start or by the reader, again and again', async () => {
      faulty.crash();
      await faulty.rot(NAME);
      for (let times = 0; times < 2; times++) {
        await expect(reopen().then(records)).rejects.toMatchObject({ kind: 'corrupt' });
        await journal.close();
      }
    });

    test('a failed sync ends the log: what was in flight, what waited and what comes is refused', async () => {
      faulty.failSyncs();
      const appends = ['d', 'e', 'f'].map((record) => log.append(KIND, 1, [Buffer.from(record)]));
      for (const outcome of await Promise.allSettled(appends))
        expect(outcome).toMatchObject({ reason: { kind: 'io' } });
      await expect(log.append(KIND, 1, [Buffer.from('g')])).rejects.toMatchObject({ kind: 'io' });
      expect(log.state()).toMatchObject({ kind: 'failed', error: { kind: 'io' } });
      faulty.crash();
      await reopen();
      expect(records().slice(0, 3)).toEqual(['a', 'b', 'c']);
    });

    test('a reader sees nothing that is not durable, and as much as it asks for, while the log grows', async () => {
      const reader = faulty.read(NAME, { fromOffset: 0, toOffset: log.durableOffset() })[Symbol.iterator]();
      const seen: string[] = [];
      for (let next = reader.next(); next.done !== true; next = reader.next()) {
        seen.push(Buffer.from(next.value.body).toString());
        await log.append(KIND, 1, [Buffer.from('later')]);
      }
      expect(seen).toEqual(['a', 'b', 'c']);
      const release = faulty.holdSyncs();
      const appended = log.append(KIND, 1, [Buffer.from('in flight')]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(records()).toEqual(['a', 'b', 'c', 'later', 'later', 'later']);
      release();
      expect(await appended).toBe(6);
      expect(records().at(-1)).toBe('in flight');
    });
  });
}
