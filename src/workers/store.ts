/**
 * The process of a store: the only one that writes its files. What changes it comes one at a time; reads run beside that,
 * each on a connection of its own, and see whole transactions.
 */
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../journal/error.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { type StoreDriver, type StoreRoom, tablesOf } from '../projections/driver.ts';
import { driverOf } from '../projections/drivers.ts';
import type { Store } from '../projections/store.ts';
import { mayPass } from '../projections/store-trouble.ts';
import { TABLES } from '../tables.ts';
import { createReads } from './reads.ts';
import type { FromStore, OpenStore, ProcessUsage, StoreTask, ToStore } from './store-protocol.ts';
import { createStoreTask, type RunStoreTask } from './store-task.ts';

/** How long the file may still be held by the child of a service that was killed a moment ago. */
const LOCKED_MS = 10_000;
const LOCKED_RETRY_MS = 100;

/** A process has one store from its first task on. */
const [, , name = '', kind] = process.argv;
// What declared stores need, zod and their packages, is not loaded for the others.
const driver: StoreDriver =
  kind === undefined ? driverOf(name) : (await import('../stores/adapters.ts')).declaredDriver(kind, name);
const tables = tablesOf(driver, TABLES);
let store: Store | null = null;
let opened: OpenStore | null = null;
let room: StoreRoom | null = null;

const runTask: RunStoreTask = createStoreTask({
  fs: nodeSyncFs,
  driver,
  tables,
  turns: { nowMs: () => performance.now(), give: () => setImmediate() },
  async openStore({ dataDir, tables: shapes, owner, memoryBytes }) {
    room ??= driver.room?.(tables, shapes, memoryBytes) ?? null;
    store = await unlocked(() => driver.open({ dataDir, tables, shapes, owner, room }));
    return store;
  },
  eraseStore: ({ dataDir, tables: shapes, owner }) => driver.erase({ dataDir, shapes, owner }),
});

async function unlocked(open: () => Promise<Store>): Promise<Store> {
  const until = performance.now() + LOCKED_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!/could not set lock/i.test(messageOf(error)) || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOCKED_RETRY_MS));
  }
}

function send(message: FromStore): void {
  // A service that is gone is heard of by the end of the channel.
  process.send?.(message, undefined, undefined, () => {});
}

const reads = createReads(send);
/** Whether the last transaction failed for want of space or descriptors. A store that waits for it goes on answering reads. */
let wasPassing = false;
let last: Promise<unknown> = Promise.resolve();

function usage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), cpuMicros: user + system };
}

/** Whether the store, which lacked space or descriptors, is open as the task says and still read. */
async function isUsable(task: OpenStore): Promise<boolean> {
  if (store === null || JSON.stringify(task) !== JSON.stringify(opened)) return false;
  try {
    await store.query('SELECT count(*) AS n FROM offsets');
    return true;
  } catch {
    return false;
  }
}

async function change(task: StoreTask): ReturnType<RunStoreTask> {
  if (task.kind === 'open' && wasPassing && (await isUsable(task))) return Object.fromEntries(store?.offsets() ?? []);
  if (task.kind === 'open') opened = task;
  if (task.kind === 'open' || task.kind === 'close') await reads.cancelAll();
  return runTask(task);
}

/** What does not fit into the store's memory is tried again with what a query had of it, or else with more. */
async function project(task: StoreTask & { readonly kind: 'project' }): ReturnType<RunStoreTask> {
  for (;;) {
    try {
      const projected = await runTask({ ...task, maxEvents: room?.events(task.maxEvents) ?? task.maxEvents });
      wasPassing = false;
      return projected;
    } catch (error) {
      wasPassing = mayPass(error);
      if (room?.isShort(error) !== true || opened === null) throw error;
      const hadReads = await reads.cancelAll();
      if (!hadReads && !room.grow()) throw error;
      await runTask(opened);
    }
  }
}

async function run(id: number, task: StoreTask): Promise<void> {
  try {
    const result = await (task.kind === 'project' ? project(task) : change(task));
    send({ kind: 'done', id, result, usage: usage() });
  } catch (error) {
    send({ kind: 'failed', id, message: messageOf(error) });
  }
}

process.on('message', (message: ToStore) => {
  switch (message.kind) {
    case 'task':
      if (
        message.task.kind === 'open' ||
        message.task.kind === 'project' ||
        message.task.kind === 'close' ||
        message.task.kind === 'copy'
      ) {
        last = last.then(() => run(message.id, message.task));
      } else void run(message.id, message.task);
      return;
    case 'read': {
      const readBeside = store?.readBeside;
      const { read } = message;
      if (readBeside === undefined || 'dataDir' in read) {
        return send({ kind: 'failed', id: message.id, message: `The ${driver.name} store is not open` });
      }
      return reads.start(message.id, (signal) => readBeside(read, signal));
    }
    case 'next':
      return reads.next(message.id);
    case 'cancel':
      return void reads.cancel(message.id);
  }
});

process.title = `millrace: ${driver.label}`;
// Ctrl-C reaches every process of a terminal; the service decides when this one ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// At once, whatever runs: the files are as after a crash, which they survive, and free for the next service.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
