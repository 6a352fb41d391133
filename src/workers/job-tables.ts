/** The process of the job tables: the only one that has their database open. */

import { type JobDatabase, openJobDatabase } from '../job-tables/database.ts';
import type { FromJobTables, JobTablesResults, JobTablesTask, ToJobTables } from '../job-tables/protocol.ts';
import { messageOf } from '../journal/error.ts';
import { createReads } from './reads.ts';

let opened: JobDatabase | null = null;

function send(message: FromJobTables): void {
  // A service that is gone is heard of by the end of the channel.
  process.send?.(message, undefined, undefined, () => {});
}

const reads = createReads(send);

function database(): JobDatabase {
  if (opened === null) throw new Error('The job tables are not open');
  return opened;
}

async function resultOf(task: JobTablesTask): Promise<JobTablesResults[JobTablesTask['kind']]> {
  switch (task.kind) {
    case 'open':
      opened ??= await openJobDatabase(task);
      return null;
    case 'run':
      return { rows: await database().run(task.statement) };
    case 'stop':
      database().stop(task.key);
      return null;
    case 'progress':
      return database().progress(task.key);
    case 'relation':
      return database().relation(task.runId, task.table, task.isOfRun);
    case 'audited':
      return database().audited(task.runId, task.table, task.step, task.all);
    case 'discard':
      await database().discard(task.runId, task.table);
      return null;
    case 'publish':
      return database().publish(task.runId, task.table, task.nowMs);
    case 'unrecorded':
      return database().unrecorded();
    case 'recorded':
      await database().recorded(task.runId, task.table);
      return null;
    case 'digest':
      return database().digest();
    case 'copy':
      await database().copy(task.to);
      return null;
    case 'close':
      await reads.cancelAll();
      await opened?.close();
      opened = null;
      return null;
  }
}

process.on('message', (message: ToJobTables) => {
  const { id } = message;
  switch (message.kind) {
    case 'task':
      resultOf(message.task).then(
        (result) => send({ kind: 'done', id, result }),
        (error: unknown) => send({ kind: 'failed', id, message: messageOf(error) }),
      );
      return;
    case 'read': {
      const { sql } = message.read;
      return reads.start(id, (signal) => database().readers.stream(sql, signal));
    }
    case 'next':
      return reads.next(id);
    case 'cancel':
      return void reads.cancel(id);
  }
});

process.title = 'millrace: job tables';
// Ctrl-C reaches every process of a terminal; the service decides when this one ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// At once, whatever runs: a statement has published nothing, and the file is as after a crash, which it survives.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
