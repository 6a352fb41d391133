/** The local journal on a disk that forgets, as the subject of the fault contract. */
import { join } from 'node:path';
import { frameBuffers } from '../../src/journal/frame.ts';
import { readFrames } from '../../src/journal/frame-reader.ts';
import { type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import { segmentBases, segmentName } from '../../src/journal/segment.ts';
import { keepNothing } from './choices.ts';
import { crashFs, errno, type Operation } from './crash-fs.ts';
import type { FaultySubject } from './fault-contract.ts';

const DIR = '/data/journal';

export function crashSubject(options: Partial<JournalOptions> = {}): FaultySubject {
  let held: Promise<void> = Promise.resolve();
  let failing = false;
  const onOperation = async ({ kind, path }: Operation): Promise<void> => {
    if (kind !== 'datasync' || !path.endsWith('.log')) return;
    await held;
    if (failing) throw errno('EIO');
  };
  let crash = crashFs({ onOperation });
  const newestSegment = (log: string): string => {
    const base = segmentBases(crash.syncFs.list(join(DIR, log))).at(-1) ?? 0;
    return join(DIR, log, segmentName(base));
  };
  let salt = 0;
  return {
    open: () =>
      openJournal(DIR, {
        durability: 'fsync',
        segmentBytes: 4096,
        salt: () => ++salt,
        ...options,
        fs: crash,
        lock: () => () => {},
      }),
    read: (log, range) => readFrames(DIR, log, range, crash.syncFs),
    crash() {
      failing = false;
      held = Promise.resolve();
      crash = crash.crash(keepNothing, { onOperation });
    },
    holdSyncs() {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    failSyncs() {
      failing = true;
    },
    async tear(log) {
      const path = newestSegment(log);
      const parts = [Buffer.from('torn')];
      const frame = frameBuffers({ kind: 1, count: 1, offset: 3, durableBytes: 0, salt, parts });
      const whole = Buffer.concat(frame);
      const file = await crash.openForAppend(path);
      await file.write([whole.subarray(0, whole.length - 3)], crash.syncFs.read(path).length);
      await file.close();
    },
    async rot(log) {
      const base = segmentBases(crash.syncFs.list(join(DIR, log)))[0] ?? 0;
      const path = join(DIR, log, segmentName(base));
      const at = crash.syncFs.read(path).indexOf('a', 96);
      const file = await crash.openForAppend(path);
      await file.write([Buffer.from('x')], at);
      await file.close();
    },
  };
}
