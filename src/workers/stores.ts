/**
 * The process that holds the read models: the only one that writes their files. What changes them comes one at a time;
 * reads run beside it, each on a connection of its own, and see whole transactions.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../journal/error.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { type DuckdbOptions, type DuckdbStore, openDuckdb } from '../projections/duckdb.ts';
import type { DuckdbReaders } from '../projections/duckdb-reading.ts';
import { ownerOf } from '../projections/owner.ts';
import { openSqlite } from '../projections/sqlite.ts';
import { type Row, STORE_FILES, STORE_SUFFIXES, type Store } from '../projections/store.ts';
import { mayPass } from '../projections/store-trouble.ts';
import { saveTableShapes } from '../projections/table-shapes.ts';
import { createDuckdbRoom, type DuckdbRoom, isOutOfMemory, machineMemoryBytes } from './duckdb-room.ts';
import { createReads } from './reads.ts';
import type {
  FromStores,
  OpenStores,
  ProcessUsage,
  StoresRead,
  StoresResults,
  StoresTask,
  ToStores,
} from './stores-protocol.ts';
import { createStoresTask } from './stores-task.ts';

/** How long the file may still be held by the child of a service that was killed a moment ago. */
const LOCKED_MS = 10_000;
const LOCKED_RETRY_MS = 100;

let operations: Store | null = null;
let analytics: DuckdbStore | null = null;
let opened: OpenStores | null = null;
let room: DuckdbRoom | null = null;

const runTask = createStoresTask({
  fs: nodeSyncFs,
  async openStore(name, { dataDir, tables, memoryBytes }) {
    const file = join(dataDir, STORE_FILES[name]);
    if (name === 'sqlite') {
      operations = openSqlite(file, tables.streams, ownerOf(dataDir));
      return operations;
    }
    saveTableShapes(dataDir, tables);
    room ??= createDuckdbRoom(tables, machineMemoryBytes(), memoryBytes);
    analytics = await openUnlocked(file, {
      tables,
      memoryBytes: room.memoryBytes(),
      threads: 1,
      owner: ownerOf(dataDir),
    });
    return analytics;
  },
  deleteStore(name, { dataDir }) {
    for (const suffix of STORE_SUFFIXES[name]) rmSync(join(dataDir, STORE_FILES[name]) + suffix, { force: true });
  },
});

async function openUnlocked(file: string, options: DuckdbOptions): Promise<DuckdbStore> {
  const until = performance.now() + LOCKED_MS;
  for (;;) {
    try {
      return await openDuckdb(file, options);
    } catch (error) {
      if (!/could not set lock/i.test(messageOf(error)) || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOCKED_RETRY_MS));
  }
}

function send(message: FromStores): void {
  // A service that is gone is heard of by the end of the channel.
  process.send?.(message, undefined, undefined, () => {});
}

const reads = createReads(send);
/** Whether the last transaction failed for want of space or descriptors. Stores that wait for it go on answering reads. */
let wasPassing = false;
let last: Promise<unknown> = Promise.resolve();

function usage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), cpuMicros: user + system };
}

/** Whether the stores, which lacked space or descriptors, are open as the task says and still read. */
async function isUsable(task: OpenStores): Promise<boolean> {
  if (operations === null || analytics === null || JSON.stringify(task) !== JSON.stringify(opened)) return false;
  try {
    for (const store of [operations, analytics]) await store.query('SELECT count(*) AS n FROM offsets');
    return true;
  } catch {
    return false;
  }
}

function openedOffsets(): StoresResults['open'] {
  const offsetsOf = (store: Store | null) => Object.fromEntries(store?.offsets() ?? []);
  return { sqlite: offsetsOf(operations), duckdb: offsetsOf(analytics) };
}

async function change(task: StoresTask): ReturnType<typeof runTask> {
  if (task.kind === 'open' && wasPassing && (await isUsable(task))) return openedOffsets();
  if (task.kind === 'open') opened = task;
  if (task.kind === 'open' || task.kind === 'close') await reads.cancelAll();
  return runTask(task);
}

/** What does not fit into DuckDB's memory is tried again with what a query had of it, or else with more. */
async function project(task: StoresTask & { readonly kind: 'project' }): ReturnType<typeof runTask> {
  for (;;) {
    try {
      const projected = await runTask({ ...task, maxEvents: room?.events(task.maxEvents) ?? task.maxEvents });
      wasPassing = false;
      return projected;
    } catch (error) {
      wasPassing = mayPass(error);
      if (!isOutOfMemory(error) || opened === null) throw error;
      const hadReads = await reads.cancelAll();
      if (!hadReads && room?.grow() !== true) throw error;
      await runTask(opened);
    }
  }
}

async function run(id: number, task: StoresTask): Promise<void> {
  try {
    const result = await (task.kind === 'project' ? project(task) : change(task));
    send({ kind: 'done', id, result, usage: usage() });
  } catch (error) {
    send({ kind: 'failed', id, message: messageOf(error) });
  }
}

async function* rowsOf(readers: DuckdbReaders, read: StoresRead, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  if (read.kind === 'query') yield* readers.stream(read.sql, signal);
  else for await (const digest of readers.digests(signal)) yield [{ ...digest }];
}

process.on('message', (message: ToStores) => {
  switch (message.kind) {
    case 'task':
      if (message.task.kind === 'open' || message.task.kind === 'project' || message.task.kind === 'close') {
        last = last.then(() => run(message.id, message.task));
      } else void run(message.id, message.task);
      return;
    case 'read': {
      if (analytics === null || 'file' in message.read) {
        return send({ kind: 'failed', id: message.id, message: 'The analytics store is not open' });
      }
      const { readers } = analytics;
      const { read } = message;
      return reads.start(message.id, (signal) => rowsOf(readers, read, signal));
    }
    case 'next':
      return reads.next(message.id);
    case 'cancel':
      return void reads.cancel(message.id);
  }
});

process.title = 'millrace: read models';
// Ctrl-C reaches every process of a terminal; the service decides when this one ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// At once, whatever runs: the files are as after a crash, which they survive, and free for the next service.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
