import { join } from 'node:path';
import { readFrames } from '../../src/journal/frame-reader.ts';
import type { JournalOptions } from '../../src/journal/journal.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { type JournalSubject, journalContract, snapshotContract } from './contract.ts';
import { crashFs } from './crash-fs.ts';
import { crashSubject } from './crash-subject.ts';
import { type FaultySubject, faultContract } from './fault-contract.ts';
import { faultyFs } from './faulty-fs.ts';
import { memoryImage, memorySnapshots, openMemoryJournal, readMemory } from './memory-journal.ts';
import { open, scratchDirectory } from './scratch.ts';

const newDir = (): string => join(scratchDirectory(), 'journal');

function onDisk(options: Partial<JournalOptions> = {}): JournalSubject {
  const dir = newDir();
  return { open: () => open(dir, options), read: (log, range) => readFrames(dir, log, range) };
}

/** A crash takes nothing from memory: it holds no more than what was acknowledged. */
function inMemory(): FaultySubject {
  let image = memoryImage();
  return {
    open: async () => openMemoryJournal(image),
    read: (log, range) => readMemory(image, log, range),
    crash() {
      const logs = new Map([...image.logs].map(([log, frames]) => [log, [...frames]]));
      image = { ...memoryImage(), logs };
    },
    holdSyncs() {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      image.sync = () => held;
      return release;
    },
    failSyncs() {
      image.sync = () => Promise.reject(new Error('failed'));
    },
    async tear() {},
    async rot(log) {
      image.rotten.add(log);
    },
  };
}

journalContract('The local journal with fsync', () => onDisk());
journalContract('The local journal without fsync', () => onDisk({ durability: 'os' }));
journalContract('The local journal with a segment a frame', () => onDisk({ segmentBytes: 1 }));
journalContract('The local journal on a disk that takes 7 bytes at a time', () =>
  onDisk({ fs: faultyFs({ writeAtMost: 7 }), segmentBytes: 200 }),
);
journalContract('The journal in memory', inMemory);
faultContract('The local journal', () => crashSubject());
faultContract('The local journal with a segment a frame', () => crashSubject({ segmentBytes: 1 }));
faultContract('The journal in memory', inMemory);
snapshotContract('The local snapshot store', () => snapshotStore(newDir()));
snapshotContract('The local snapshot store on a disk that takes 7 bytes at a time', () =>
  snapshotStore(newDir(), { fs: faultyFs({ writeAtMost: 7 }) }),
);
snapshotContract('The local snapshot store on a disk in memory', () => snapshotStore('/journal', { fs: crashFs() }));
snapshotContract('The snapshot store in memory', memorySnapshots);
