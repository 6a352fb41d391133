/** What the disk does wrong while the journal writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JournalError } from '../../src/journal/error.ts';
import { type Fs, nodeFs } from '../../src/journal/fs.ts';
import { MAX_QUEUED_BYTES } from '../../src/journal/log.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { errno, type Faults, faultyFs } from './faulty-fs.ts';
import { bodies, crashed, damage, KIND, LOG, lastSegment, open, scratchDirectory, text, withLog } from './scratch.ts';

const newDir = (): string => join(scratchDirectory(), 'journal');
const RECORD = 'x'.repeat(100);

describe('a full disk', () => {
  test('refuses appends at every byte it fills up at, keeps what was acknowledged, and takes them once there is space', async () => {
    // Header 48, a frame 48 + 104: the roll, the frame and the footer each meet the end of the space.
    for (let space = 0; space <= 700; space += 9) {
      const dir = newDir();
      const faults: Faults = { spaceLeft: space };
      const acked: string[] = [];
      await withLog(
        dir,
        async (log) => {
          let refusals = 0;
          for (let i = 0; i < 6; i++) {
            const record = `${i}${RECORD}`;
            const offset = log.nextOffset();
            try {
              expect(await log.append(KIND, 1, [text(record)])).toBe(acked.length);
              acked.push(record);
            } catch (error) {
              expect(error).toMatchObject({ kind: 'no-space' });
              expect([log.nextOffset(), log.durableOffset(), log.queuedBytes()]).toEqual([offset, offset, 0]);
              refusals += 1;
            }
          }
          expect(refusals, `${space} bytes`).toBeGreaterThan(0);
          expect(bodies(dir, 0, log.durableOffset())).toEqual(acked);
          // A crash now would find every acknowledged record and no corruption.
          await withLog(crashed(dir), (after) => expect(after.nextOffset()).toBe(acked.length));
          delete faults.spaceLeft;
          expect(await log.append(KIND, 1, [text('resumed')])).toBe(acked.length);
          acked.push('resumed');
        },
        { fs: faultyFs(faults), segmentBytes: 300 },
      );
      expect(await withLog(dir, (log) => log.nextOffset(), { segmentBytes: 300 }), `${space} bytes`).toBe(acked.length);
      expect(bodies(dir, 0, acked.length)).toEqual(acked);
    }
  });

  test('refuses everything that waited behind the group that did not fit', async () => {
    const faults: Faults = {};
    await withLog(
      newDir(),
      async (log) => {
        await log.append(KIND, 1, [text('fits')]);
        faults.spaceLeft = 50;
        const outcomes = await Promise.allSettled([1, 2, 3].map(() => log.append(KIND, 1, [text(RECORD)])));
        for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { kind: 'no-space' } });
        expect(log.nextOffset()).toBe(1);
        delete faults.spaceLeft;
      },
      { fs: faultyFs(faults) },
    );
  });

  test('that can not even be cut back is fatal', async () => {
    const fatal: JournalError[] = [];
    const faults: Faults = {
      onTruncate: () => {
        throw errno('EIO');
      },
    };
    await withLog(
      newDir(),
      async (log, journal) => {
        journal.onFatal((error) => fatal.push(error));
        await log.append(KIND, 1, [text('fits')]);
        faults.spaceLeft = 50;
        await expect(log.append(KIND, 1, [text(RECORD)])).rejects.toMatchObject({ kind: 'io' });
        delete faults.spaceLeft;
        await expect(log.append(KIND, 1, [text('x')])).rejects.toMatchObject({ kind: 'io' });
      },
      { fs: faultyFs(faults) },
    );
    expect(fatal).toHaveLength(1);
  });

  test('leaves the torn tail where it is when there is no room for its copy', async () => {
    const dir = newDir();
    const killed = await withLog(dir, async (log) => {
      await log.append(KIND, 1, [text('one')]);
      await log.append(KIND, 1, [text('two')]);
      return crashed(dir);
    });
    damage(lastSegment(killed), (bytes) => bytes.subarray(0, bytes.length - 3));
    const before = readFileSync(lastSegment(killed));
    await expect(withLog(killed, () => {}, { fs: faultyFs({ spaceLeft: 10 }) })).rejects.toMatchObject({
      kind: 'no-space',
    });
    expect(readFileSync(lastSegment(killed)).equals(before)).toBe(true);
    expect(await withLog(killed, (log) => log.nextOffset())).toBe(1);
  });
});

describe('a failed sync', () => {
  // Syncs of one append in a new segment: its header, then the group; and of the next: what the footer vouches for, the footer.
  test.each([
    ['of a new segment', 1, 'EIO'],
    ['of a group', 2, 'EIO'],
    ['of a group', 2, 'ENOSPC'],
    ['before a footer', 3, 'ENOSPC'],
    ['of a footer', 4, 'ENOSPC'],
    ['of the segment after a roll', 5, 'ENOSPC'],
    ['of the group after a roll', 6, 'EIO'],
  ])('%s (sync %d, %s) is fatal, and nothing is acknowledged after it', async (_, failing, code) => {
    const dir = newDir();
    const fatal: JournalError[] = [];
    let syncs = 0;
    const onSync = (): void => {
      if (++syncs === failing) throw errno(code);
    };
    const acked: string[] = [];
    await withLog(
      dir,
      async (log, journal) => {
        journal.onFatal((error) => fatal.push(error));
        for (const record of ['one', 'two', 'three']) {
          const appended = log.append(KIND, 1, [text(record)]);
          if (fatal.length > 0) await expect(appended).rejects.toMatchObject({ kind: 'io' });
          else
            await appended.then(
              () => acked.push(record),
              (error) => expect(error).toMatchObject({ kind: 'io' }),
            );
        }
      },
      { fs: faultyFs({ onSync }), segmentBytes: 60 },
    );
    expect(syncs).toBe(failing);
    expect(fatal).toMatchObject([{ kind: 'io' }]);
    expect(acked).toEqual(['one', 'two', 'three'].slice(0, failing <= 2 ? 0 : 1));
    // What is on the disk decides: everything acknowledged, and maybe the group whose sync failed.
    await withLog(dir, (log) => expect([acked.length, acked.length + 1]).toContain(log.nextOffset()));
    expect(bodies(dir, 0, acked.length)).toEqual(acked);
  });

  test('refuses what waits and what is in flight', async () => {
    const onSync = (path: string): void => {
      if (path.endsWith('.log')) throw errno('EIO');
    };
    await withLog(
      newDir(),
      async (log) => {
        const outcomes = await Promise.allSettled([1, 2, 3].map(() => log.append(KIND, 1, [text('x')])));
        for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { kind: 'io' } });
        expect([log.durableOffset(), log.queuedBytes()]).toEqual([0, 0]);
      },
      { fs: faultyFs({ onSync }) },
    );
  });
});

test('a write that takes nothing and reports nothing is an error, not an endless loop', async () => {
  const fs = { ...nodeFs, create: async (path: string) => ({ ...(await nodeFs.create(path)), write: async () => 0 }) };
  await withLog(newDir(), (log) => expect(log.append(KIND, 1, [text('x')])).rejects.toMatchObject({ kind: 'io' }), {
    fs,
  });
});

test('one group is in flight: what is appended while it syncs goes to the disk together', async () => {
  let release = (): void => {};
  let groups = 0;
  const onSync = async (): Promise<void> => {
    groups += 1;
    // The first sync is the new segment's.
    if (groups === 2)
      await new Promise<void>((resolve) => {
        release = resolve;
      });
  };
  await withLog(
    newDir(),
    async (log) => {
      const first = log.append(KIND, 1, [text('x')]);
      await expect.poll(() => groups).toBe(2);
      const rest = Array.from({ length: 100 }, () => log.append(KIND, 1, [text('y')]));
      expect([log.durableOffset(), log.queuedBytes()]).toEqual([0, 101]);
      release();
      expect(await first).toBe(0);
      await Promise.all(rest);
      expect([groups, log.queuedBytes()]).toEqual([3, 0]);
    },
    { fs: faultyFs({ onSync }) },
  );
});

test('a queue that is full refuses one append without an offset, and takes appends again once it has drained', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  /** Holds the first write back, and takes the rest without a disk: half a gigabyte is not what is tested here. */
  const fs: Fs = {
    ...nodeFs,
    create: async (path) => ({
      ...(await nodeFs.create(path)),
      async write(buffers) {
        await held;
        return buffers.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
      },
    }),
  };
  const big = new Uint8Array(MAX_QUEUED_BYTES / 4);
  await withLog(
    newDir(),
    async (log) => {
      const taken = [1, 2, 3, 4].map(() => log.append(KIND, 1, [big]));
      await expect(log.append(KIND, 1, [text('x')])).rejects.toMatchObject({
        fault: { kind: 'queue-full', log: LOG, queuedBytes: MAX_QUEUED_BYTES },
      });
      expect(log.nextOffset()).toBe(4);
      release();
      expect(await Promise.all(taken)).toEqual([0, 1, 2, 3]);
      expect(await log.append(KIND, 1, [text('x')])).toBe(4);
    },
    {
      fs,
    },
  );
});

test('a snapshot is written only after the log it was made from is on the disk', async () => {
  const synced: string[] = [];
  const dir = newDir();
  await withLog(
    dir,
    async (log) => {
      await log.append(KIND, 1, [text('x')]);
      await snapshotStore(dir, { fs: faultyFs({ onSync: (path) => void synced.push(path) }) }).save(
        LOG,
        1,
        text('state'),
      );
    },
    { durability: 'os' },
  );
  expect(synced[0]).toBe(lastSegment(dir));
  expect(synced[1]).toMatch(/snapshots\/1\.tmp$/);
});

test('a journal of segments that Node could not read whole is refused', async () => {
  await expect(open(newDir(), { segmentBytes: 3 * 1024 ** 3 })).rejects.toThrowError(RangeError);
});
