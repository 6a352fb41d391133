/**
 * A process that kills itself at one operation of its journal on the real disk, and prints each offset that was
 * acknowledged before. Arguments: directory, number of the operation. Without the kill it prints how many there are.
 */
import { writeSync } from 'node:fs';
import { type File, type Fs, nodeFs } from '../../src/journal/fs.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';

const [dir = '', at] = process.argv.slice(2);
const killAt = Number(at);
let operations = 0;

/** A write is cut in two, and ends the process between its halves: what a kill leaves of it. */
async function step<T>(operation: () => Promise<T>, half: (() => Promise<unknown>) | null = null): Promise<T> {
  if (operations++ === killAt) {
    await half?.();
    process.kill(process.pid, 'SIGKILL');
  }
  return operation();
}

function counted(file: File): File {
  return {
    write(buffers, position) {
      const [first = new Uint8Array()] = buffers;
      const half = (): Promise<number> => file.write([first.subarray(0, first.length / 2)], position);
      return step(() => file.write(buffers, position), half);
    },
    datasync: () => step(() => file.datasync()),
    truncate: (length) => step(() => file.truncate(length)),
    close: () => file.close(),
  };
}

const fs: Fs = {
  ...nodeFs,
  create: async (path) => counted(await step(() => nodeFs.create(path))),
  openForAppend: async (path) => counted(await nodeFs.openForAppend(path)),
  rename: (from, to) => step(() => nodeFs.rename(from, to)),
  unlink: (path) => step(() => nodeFs.unlink(path)),
  syncDirectory: (path) => step(() => nodeFs.syncDirectory(path)),
};

const journal = await openJournal(dir, { durability: 'fsync', segmentBytes: 300, fs });
const log = await journal.openLog('payments.transactions-0');
for (let round = 0; round < 3; round++) {
  await Promise.all(
    [0, 1].map(() => {
      const body = Buffer.from(`record ${log.nextOffset()}`.padEnd(100, '.'));
      return log.append(1, 1, [body]).then((offset) => writeSync(1, `${offset}\n`));
    }),
  );
}
await snapshotStore(dir, { fs }).save(log.name, log.durableOffset(), Buffer.from('state'));
await journal.close();
writeSync(1, `${operations} operations\n`);
