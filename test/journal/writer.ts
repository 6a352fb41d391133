/** A process that appends for ever and prints each offset once it is acknowledged. Arguments: directory, durability. */
import { writeSync } from 'node:fs';
import { openJournal } from '../../src/journal/journal.ts';

const [dir = '', durability] = process.argv.slice(2);
try {
  const journal = await openJournal(dir, { durability: durability === 'os' ? 'os' : 'fsync', segmentBytes: 64 * 1024 });
  const log = await journal.openLog('payments.transactions-0');
  for (;;) {
    const appends = Array.from({ length: 7 }, () => {
      const body = Buffer.from(`record ${log.nextOffset()}`);
      return log.append(1, 1, [body]).then((offset) => writeSync(1, `${offset}\n`));
    });
    await Promise.all(appends);
  }
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
