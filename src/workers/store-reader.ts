/**
 * A process for one read of a store whose queries nothing can interrupt, neither from the thread that they run in nor by the
 * end of that thread: a process can be ended.
 */
import { tablesOf } from '../projections/driver.ts';
import { driverOf } from '../projections/drivers.ts';
import type { Row } from '../projections/store.ts';
import { TABLES } from '../tables.ts';
import { createReads } from './reads.ts';
import type { FileRead, ToStore } from './store-protocol.ts';

function rowsOf({ store, dataDir, tables: shapes, read }: FileRead): AsyncGenerator<readonly Row[]> {
  const driver = driverOf(store);
  if (driver.readApart === null) throw new Error(`The ${store} store is read in its own process`);
  return driver.readApart({ dataDir, tables: tablesOf(driver, TABLES), shapes }, read);
}

const reads = createReads((message) => process.send?.(message, undefined, undefined, () => {}));

process.on('message', (message: ToStore) => {
  if (message.kind === 'read' && 'dataDir' in message.read) {
    const { read } = message;
    reads.start(message.id, () => rowsOf(read));
  } else if (message.kind === 'next') reads.next(message.id);
});

process.title = 'millrace: query';
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
