import { join } from 'node:path';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { journalContract, snapshotContract } from './contract.ts';
import { faultyFs } from './faulty-fs.ts';
import { open, scratchDirectory } from './scratch.ts';

const newDir = (): string => join(scratchDirectory(), 'journal');

journalContract('The local journal with fsync', (dir) => open(dir), newDir);
journalContract('The local journal without fsync', (dir) => open(dir, { durability: 'os' }), newDir);
journalContract('The local journal with a segment a frame', (dir) => open(dir, { segmentBytes: 1 }), newDir);
journalContract(
  'The local journal on a disk that takes 7 bytes at a time',
  (dir) => open(dir, { fs: faultyFs({ writeAtMost: 7 }), segmentBytes: 200 }),
  newDir,
);
snapshotContract('The local snapshot store', () => snapshotStore(newDir()));
snapshotContract('The local snapshot store on a disk that takes 7 bytes at a time', () =>
  snapshotStore(newDir(), { fs: faultyFs({ writeAtMost: 7 }) }),
);
