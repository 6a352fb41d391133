/**
 * The read models without their process: the same task function in the same process. SQLite is the real one, in a file
 * that outlives processes; in DuckDB's place stands a ledger that holds the place of every event it was given.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import type { LogRange } from '../../src/projections/projector.ts';
import { openSqlite } from '../../src/projections/sqlite.ts';
import { STORE_SUFFIXES, type Store } from '../../src/projections/store.ts';
import type { StoresProcess } from '../../src/workers/stores-process.ts';
import type { StoresResults, StoresTask } from '../../src/workers/stores-protocol.ts';
import { createStoresTask } from '../../src/workers/stores-task.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Oracle } from './oracle.ts';
import type { Owner } from './scheduler.ts';
import type { World } from './world.ts';

const TASK_MS = 5;
const SUFFIXES = STORE_SUFFIXES.sqlite;

/** The files of the read models, which outlive processes. */
export interface StoreFiles {
  readonly sqliteFile: string;
  readonly ledger: Ledger;
  delete(): void;
  /** Keeps a copy to go back to. */
  keep(): void;
  /** As if a backup were restored: both stores stand at an earlier offset. */
  setBack(): void;
}

export function createStoreFiles(directory: string, world: World): StoreFiles {
  const sqliteFile = join(directory, 'operations.sqlite');
  const ledger = createLedger(world);
  return {
    sqliteFile,
    ledger,
    delete() {
      for (const suffix of SUFFIXES) rmSync(sqliteFile + suffix, { force: true });
      ledger.delete();
    },
    keep() {
      for (const suffix of SUFFIXES) {
        rmSync(`${sqliteFile}.kept${suffix}`, { force: true });
        if (existsSync(sqliteFile + suffix)) copyFileSync(sqliteFile + suffix, `${sqliteFile}.kept${suffix}`);
      }
      ledger.keep();
    },
    setBack() {
      for (const suffix of SUFFIXES) {
        rmSync(sqliteFile + suffix, { force: true });
        if (existsSync(`${sqliteFile}.kept${suffix}`)) copyFileSync(`${sqliteFile}.kept${suffix}`, sqliteFile + suffix);
      }
      ledger.setBack();
    },
  };
}

export interface SimulatedStores extends StoresProcess {
  /** Closes the files as the end of a process does. */
  drop(): void;
}

export function createStores(
  world: World,
  owner: Owner,
  files: StoreFiles,
  { fs, oracle }: { readonly fs: SyncFs; readonly oracle: Pick<Oracle, 'nextOffset'> },
): SimulatedStores {
  const { scheduler } = world;
  const random = world.random('process');
  let sqlite: Store | null = null;
  const runTask = createStoresTask({
    fs,
    async openStore(name, { tables }) {
      if (name === 'duckdb') return files.ledger.open(() => turn('ledger commit'));
      sqlite = openSqlite(files.sqliteFile, tables.streams);
      return sqlite;
    },
    deleteStore() {},
  });
  let last: Promise<unknown> = Promise.resolve();

  /** A turn of its own, after some time; tasks come one at a time, as to the process. */
  function turn(label: string): Promise<void> {
    return new Promise((resolve) => {
      scheduler.schedule({ owner, delayMs: TASK_MS * 2 * random.uniform(), label, run: resolve });
    });
  }
  function checkRanges(ranges: readonly LogRange[]): void {
    for (const { log, toOffset } of ranges) {
      if (toOffset <= oracle.nextOffset(log)) continue;
      world.broken('read models hold only what is durable', `${log} is projected to ${toOffset}`);
    }
  }
  function run<T extends StoresTask>(task: T): Promise<StoresResults[T['kind']]> {
    // It would read real files in real time.
    if (task.kind === 'verify')
      return Promise.resolve([] as StoresResults[StoresTask['kind']] as StoresResults[T['kind']]);
    const before = last;
    const done = (async () => {
      await before.catch(() => {});
      await turn(`stores ${task.kind}`);
      if (task.kind === 'project') checkRanges(task.ranges);
      const result = await runTask(task);
      world.trace.note(`stores ${task.kind} ${JSON.stringify(result)}`);
      // What passes to the thread and back is typed by the protocol, not by the channel.
      return result as StoresResults[T['kind']];
    })();
    last = done;
    return done;
  }
  return {
    run,
    read() {
      throw new Error('Nobody queries a simulation');
    },
    onEnded() {},
    usage: () => ({ rssBytes: 0, cpuMicros: 0 }),
    async close() {
      await run({ kind: 'close' });
    },
    drop() {
      void sqlite?.close().catch(() => {});
    },
  };
}
