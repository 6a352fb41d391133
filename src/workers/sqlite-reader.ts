/**
 * A process for one read of the operations store. SQLite can't be interrupted from the thread that it runs in, nor a thread
 * be ended while it does: a process can.
 */
import { openSqliteReader, streamRows, tableDigests } from '../projections/sqlite-reading.ts';
import type { Row } from '../projections/store.ts';
import { streamTable } from '../projections/stream-tables.ts';
import { createReads } from './reads.ts';
import type { FileRead, ToStores } from './stores-protocol.ts';

const ROWS_A_BATCH = 256;
/** What one statement may hold, in bytes: a query has no right to the memory of the machine. */
const MEMORY_BYTES = 256 * 1024 * 1024;

async function* batches({ file, tables, read }: FileRead): AsyncGenerator<readonly Row[]> {
  const db = openSqliteReader(file);
  db.exec(`PRAGMA hard_heap_limit = ${MEMORY_BYTES}`);
  try {
    if (read.kind === 'digest') {
      for (const digest of tableDigests(db, tables.streams.map(streamTable))) yield [{ ...digest }];
      return;
    }
    let rows: Row[] = [];
    for (const row of streamRows(db, read.sql)) {
      rows.push(row);
      if (rows.length < ROWS_A_BATCH) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  } finally {
    db.close();
  }
}

const reads = createReads((message) => process.send?.(message, undefined, undefined, () => {}));

process.on('message', (message: ToStores) => {
  if (message.kind === 'read' && 'file' in message.read) {
    const { read } = message;
    reads.start(message.id, () => batches(read));
  } else if (message.kind === 'next') reads.next(message.id);
});

process.title = 'millrace: query';
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
