/** Bugs planted in the ports of a journal that is right: each must be found, or the enumeration proves nothing. */
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { frameBytes, isBodyIntact, readHeader } from '../../src/journal/frame.ts';
import type { File, Fs } from '../../src/journal/fs.ts';
import { HEAD_FILE } from '../../src/journal/head.ts';
import { keepNothing } from './choices.ts';
import {
  crashTwice,
  cutPowerEverywhere,
  cutPowerOften,
  type Findings,
  failEverywhere,
  type Workload,
} from './crash-everywhere.ts';
import { damageEverywhere } from './damage-everywhere.ts';

const append = (...sizes: number[]) => ({ kind: 'append' as const, sizes });
const ROLLING: Workload = {
  steps: [append(40), append(40), { kind: 'snapshot' }, append(30, 30)],
  segmentBytes: 100,
  enough: 1,
};
const ONE_SEGMENT: Workload = { steps: [append(40), append(40), append(30, 30)], segmentBytes: 4096, enough: 1 };
const MOST = 20_000;

/** Changes what is done with each file, the new ones and those that are opened again. */
function withFiles(fs: Fs, bend: (file: File, path: string) => Partial<File>): Fs {
  const bent = (file: File, path: string): File => ({ ...file, ...bend(file, path) });
  return {
    ...fs,
    create: async (path) => bent(await fs.create(path), path),
    openForAppend: async (path) => bent(await fs.openForAppend(path), path),
  };
}

/** Changes the first file that a process opens again: the segment that its start brings to the disk. */
function withFirstOpened(fs: Fs, bend: (file: File) => Partial<File>): Fs {
  let opened = 0;
  return {
    ...fs,
    async openForAppend(path) {
      const file = await fs.openForAppend(path);
      return opened++ === 0 ? { ...file, ...bend(file) } : file;
    },
  };
}

/** What Kafka and NATS do: the first frame that does not add up is taken for the end. */
function upToFirstBadFrame(bytes: Buffer): Buffer {
  let at = 0;
  for (let header = readHeader(bytes, at); header !== null && isBodyIntact(bytes, at, header); ) {
    at += frameBytes(header);
    header = readHeader(bytes, at);
  }
  return bytes.subarray(0, at);
}

const withoutHead = (fs: Fs): Fs => ({
  ...fs,
  list: async (path) => (await fs.list(path)).filter((name) => name !== HEAD_FILE),
});

const MUTATIONS: Record<string, { find: (bend: Workload['bend']) => Promise<Findings>; bend: (fs: Fs) => Fs }> = {
  'a directory is not synced': {
    find: (bend) => cutPowerEverywhere({ ...ROLLING, bend }, MOST),
    bend: (fs) => ({ ...fs, syncDirectory: async () => {} }),
  },
  'the names above the journal are not synced': {
    find: (bend) => cutPowerEverywhere({ ...ONE_SEGMENT, bend }, MOST),
    bend: (fs) => ({
      ...fs,
      syncDirectory: (path) => (path.endsWith('-0') ? fs.syncDirectory(path) : Promise.resolve()),
    }),
  },
  'an append is acknowledged before its sync': {
    find: (bend) => cutPowerEverywhere({ ...ONE_SEGMENT, bend }, MOST),
    bend: (fs) =>
      withFiles(fs, (file) => ({
        async datasync() {
          setImmediate(() => file.datasync().catch(() => {}));
        },
      })),
  },
  'a sync that failed is tried again': {
    find: (bend) => failEverywhere({ ...ONE_SEGMENT, bend }, ['EIO'], [keepNothing]),
    bend: (fs) => withFiles(fs, (file) => ({ datasync: () => file.datasync().catch(() => file.datasync()) })),
  },
  'a start trusts what memory has of a killed process': {
    find: (bend) => crashTwice({ ...ONE_SEGMENT, bend }, [keepNothing]),
    bend: (fs) => withFirstOpened(fs, () => ({ datasync: async () => {} })),
  },
  'a start syncs what a failed sync left, and does not write it again': {
    find: (bend) =>
      failEverywhere({ ...ONE_SEGMENT, steps: [append(600), append(300, 300)], bend }, ['EIO'], [keepNothing]),
    bend: (fs) =>
      withFirstOpened(fs, () => ({ write: async (buffers) => buffers.reduce((sum, { length }) => sum + length, 0) })),
  },
  'HEAD is no witness of its log': {
    find: (bend) => damageEverywhere({ ...ONE_SEGMENT, bend }, 'HEAD'),
    bend: withoutHead,
  },
  'any bad checksum is the end of the log': {
    find: (bend) => damageEverywhere({ ...ONE_SEGMENT, bend }, 'HEAD'),
    bend: (fs) => ({
      ...withoutHead(fs),
      read: async (path) => upToFirstBadFrame(await fs.read(path)),
    }),
  },
  'a snapshot is no witness of its log': {
    find: (bend) =>
      damageEverywhere({ ...ONE_SEGMENT, steps: [append(40, 40), { kind: 'snapshot' }], bend }, 'snapshot'),
    bend: (fs) => ({
      ...fs,
      list: async (path) => (basename(path) === 'snapshots' ? [] : fs.list(path)),
    }),
  },
};

test.each([true, false])('a snapshot that does not wait for the log (%s) is found', async (hasty) => {
  const steps = [append(40), { kind: 'snapshot' as const, hasty }];
  const { faults } = await cutPowerOften({ steps, segmentBytes: 4096, durability: 'os' }, [keepNothing]);
  if (hasty) expect(faults.join()).toMatch(/it did not start: .*corrupt/);
  else expect(faults).toEqual([]);
});

test.each(Object.entries(MUTATIONS))('%s: it is found', async (_, { find, bend }) => {
  const { faults } = await find(bend);
  expect(faults).toHaveLength(1);
});

test.each(Object.entries(MUTATIONS))('%s: and not in a journal without it', async (_, { find }) => {
  const { cases, faults } = await find(undefined);
  expect(faults).toEqual([]);
  expect(cases).toBeGreaterThan(0);
});
