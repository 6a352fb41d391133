/** What the disk does wrong while the journal writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_QUEUED_BYTES } from '../../src/journal/admission.ts';
import { type Fs, nodeFs } from '../../src/journal/fs.ts';
import type { LogState } from '../../src/journal/log.ts';
import { errno, type Faults, faultyFs } from './faulty-fs.ts';
import {
  bodies,
  crashed,
  damage,
  KIND,
  LOG,
  lastSegment,
  manualTimer,
  open,
  scratchDirectory,
  text,
  withLog,
} from './scratch.ts';

const newDir = (): string => join(scratchDirectory(), 'journal');
const RECORD = 'x'.repeat(100);

describe('a full disk', () => {
  test('makes appends wait at every byte it fills up at, and takes them in order once there is space', async () => {
    // Header 48, a frame 48 + 104: the roll, the frame and the footer each meet the end of the space.
    for (let space = 0; space <= 700; space += 9) {
      const dir = newDir();
      const faults: Faults = { spaceLeft: space };
      const { timer, fire } = manualTimer();
      const states: string[] = [];
      const records = Array.from({ length: 6 }, (_, i) => `${i}${RECORD}`);
      const acked: string[] = [];
      await withLog(
        dir,
        async (log) => {
          const appends = records.map(async (record) => {
            await log.append(KIND, 1, [text(record)]);
            acked.push(record);
          });
          await expect.poll(() => log.state(), { interval: 1 }).toMatchObject({ error: { kind: 'no-space' } });
          for (let tries = 0; tries < 2; tries++) {
            fire();
            await new Promise((resolve) => setTimeout(resolve, 5));
            expect([log.state().kind, log.durableOffset(), log.nextOffset()]).toEqual(['stalled', acked.length, 6]);
          }
          expect(bodies(dir, 0, log.durableOffset())).toEqual(acked);
          // A crash now would find every acknowledged record and no corruption.
          await withLog(crashed(dir), (after) => expect(after.nextOffset()).toBe(acked.length));
          delete faults.spaceLeft;
          fire();
          await Promise.all(appends);
          expect([log.state().kind, log.queuedBytes()]).toEqual(['open', 0]);
        },
        { fs: faultyFs(faults), segmentBytes: 300, timer, onState: (_, state) => states.push(state.kind) },
      );
      expect(states, `${space} bytes`).toEqual(['stalled', 'open', 'closed']);
      expect(await withLog(dir, (log) => log.nextOffset(), { segmentBytes: 300 }), `${space} bytes`).toBe(6);
      expect(acked).toEqual(records);
      expect(bodies(dir, 0, 6)).toEqual(records);
    }
  });

  test('lets a close end, which refuses what waits', async () => {
    const dir = newDir();
    const faults: Faults = {};
    const { timer } = manualTimer();
    const waiting = await withLog(
      dir,
      async (log) => {
        await log.append(KIND, 1, [text('fits')]);
        faults.spaceLeft = 50;
        const appends = [1, 2, 3].map(() => log.append(KIND, 1, [text(RECORD)]));
        await expect.poll(() => log.state().kind).toBe('stalled');
        return { outcomes: Promise.allSettled(appends) };
      },
      { fs: faultyFs(faults), timer },
    );
    for (const outcome of await waiting.outcomes) expect(outcome).toMatchObject({ reason: { kind: 'no-space' } });
    expect(await withLog(dir, (log) => log.nextOffset())).toBe(1);
  });

  test('that can not even be cut back is fatal', async () => {
    const states: LogState[] = [];
    const faults: Faults = {
      onTruncate: () => {
        throw errno('EIO');
      },
    };
    await withLog(
      newDir(),
      async (log) => {
        await log.append(KIND, 1, [text('fits')]);
        faults.spaceLeft = 50;
        await expect(log.append(KIND, 1, [text(RECORD)])).rejects.toMatchObject({ kind: 'io' });
        delete faults.spaceLeft;
        await expect(log.append(KIND, 1, [text('x')])).rejects.toMatchObject({ kind: 'io' });
      },
      { fs: faultyFs(faults), onState: (_, state) => states.push(state) },
    );
    expect(states).toMatchObject([{ kind: 'failed', error: { kind: 'io' } }]);
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

test.each([
  ['create', 'EMFILE'],
  ['create', 'ENFILE'],
  ['syncDirectory', 'EMFILE'],
] as const)('no descriptor for %s (%s) makes appends wait until there is one', async (kind, code) => {
  const dir = newDir();
  const { timer, fire } = manualTimer();
  let failing = false;
  const guarded = <T>(run: () => Promise<T>): Promise<T> => (failing ? Promise.reject(errno(code)) : run());
  const fs: Fs = {
    ...nodeFs,
    create: (path) => (kind === 'create' ? guarded(() => nodeFs.create(path)) : nodeFs.create(path)),
    syncDirectory: (path) =>
      kind === 'syncDirectory' ? guarded(() => nodeFs.syncDirectory(path)) : nodeFs.syncDirectory(path),
  };
  await withLog(
    dir,
    async (log) => {
      await log.append(KIND, 1, [text('in the first segment')]);
      failing = true;
      const appended = log.append(KIND, 1, [text('in the second')]);
      await expect.poll(() => log.state()).toMatchObject({ error: { kind: 'no-descriptors' } });
      failing = false;
      fire();
      expect(await appended).toBe(1);
    },
    { fs, timer, segmentBytes: 1 },
  );
  expect(bodies(dir, 0, 2)).toEqual(['in the first segment', 'in the second']);
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
    const fatal: LogState[] = [];
    let syncs = 0;
    const onSync = (): void => {
      if (++syncs === failing) throw errno(code);
    };
    const acked: string[] = [];
    await withLog(
      dir,
      async (log) => {
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
      {
        fs: faultyFs({ onSync }),
        segmentBytes: 60,
        onState: (_, state) => void (state.kind === 'failed' && fatal.push(state)),
      },
    );
    expect(syncs).toBe(failing);
    expect(fatal).toMatchObject([{ error: { kind: 'io' } }]);
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

test('under os, sync brings what was acknowledged to the disk; a failure of it ends the log', async () => {
  const synced: string[] = [];
  const dir = newDir();
  let code: string | null = null;
  const onSync = (path: string): void => {
    if (code !== null) throw errno(code);
    synced.push(path);
  };
  await withLog(
    dir,
    async (log) => {
      await log.append(KIND, 1, [text('x')]);
      synced.length = 0;
      await Promise.all([log.sync(), log.sync()]);
      expect(synced).toEqual([lastSegment(dir)]);
      code = 'EIO';
      const appended = log.append(KIND, 1, [text('y')]);
      await expect(log.sync()).rejects.toMatchObject({ kind: 'io' });
      await expect(appended).rejects.toMatchObject({ kind: 'io' });
      expect(log.state().kind).toBe('failed');
    },
    { durability: 'os', fs: faultyFs({ onSync }) },
  );
});

test('a journal of segments that Node could not read whole is refused', async () => {
  await expect(open(newDir(), { segmentBytes: 3 * 1024 ** 3 })).rejects.toThrowError(RangeError);
});
