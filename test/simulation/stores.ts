/**
 * The read models without their processes: the same task function in the same process. SQLite is the real one, in a file
 * that outlives processes; in DuckDB's place stands a ledger that holds the place of every event it was given.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import { type StoreDriver, tablesOf } from '../../src/projections/driver.ts';
import { STORE_DRIVERS } from '../../src/projections/drivers.ts';
import type { LogRange } from '../../src/projections/projector.ts';
import { openSqlite } from '../../src/projections/sqlite.ts';
import { SQLITE_SUFFIXES } from '../../src/projections/sqlite-schema.ts';
import type { Store } from '../../src/projections/store.ts';
import { TABLES } from '../../src/tables.ts';
import { type Stores, storesOf } from '../../src/workers/all-stores.ts';
import type { StoreProcess } from '../../src/workers/store-process.ts';
import type { StoreResults, StoreTask } from '../../src/workers/store-protocol.ts';
import { createStoreTask } from '../../src/workers/store-task.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Oracle } from './oracle.ts';
import type { Owner } from './scheduler.ts';
import type { World } from './world.ts';

const TASK_MS = 5;
const SUFFIXES = SQLITE_SUFFIXES;

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

export interface SimulatedStores extends Stores {
  /** Closes the files as the end of a process does. */
  drop(): void;
}

interface SimulationPorts {
  readonly fs: SyncFs;
  readonly oracle: Pick<Oracle, 'nextOffset'>;
}

export function createStores(world: World, owner: Owner, files: StoreFiles, ports: SimulationPorts): SimulatedStores {
  const opened: Store[] = [];
  const all = STORE_DRIVERS.map((driver) => createSimulated(world, owner, files, driver, ports, opened));
  return {
    ...storesOf(all),
    drop() {
      for (const store of opened) if (store.name === 'sqlite') void store.close().catch(() => {});
    },
  };
}

function createSimulated(
  world: World,
  owner: Owner,
  files: StoreFiles,
  driver: StoreDriver,
  { fs, oracle }: SimulationPorts,
  opened: Store[],
): StoreProcess {
  const { scheduler } = world;
  const random = world.random('process');
  const own = tablesOf(driver, TABLES);
  const runTask = createStoreTask({
    fs,
    driver,
    tables: own,
    async openStore({ tables: { streams } }) {
      const store =
        driver.name === 'sqlite'
          ? openSqlite(files.sqliteFile, { tables: own, streams })
          : files.ledger.open(() => turn('ledger commit'));
      opened.push(store);
      return store;
    },
    eraseStore: async () => {},
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
  function run<T extends StoreTask>(task: T): Promise<StoreResults[T['kind']]> {
    const before = last;
    const done = (async () => {
      await before.catch(() => {});
      await turn(`${driver.name} ${task.kind}`);
      if (task.kind === 'project') checkRanges(task.ranges);
      const result = await runTask(task);
      world.trace.note(`${driver.name} ${task.kind} ${JSON.stringify(result)}`);
      // What passes to the process and back is typed by the protocol, not by the channel.
      return result as StoreResults[T['kind']];
    })();
    last = done;
    return done;
  }
  return {
    name: driver.name,
    driver,
    isOpen: () => true,
    open: (task) => run({ ...task, owner: 0 }),
    project: run,
    read: run,
    // It would read real files in real time.
    verify: async () => null,
    rows() {
      throw new Error('Nobody queries a simulation');
    },
    onEnded() {},
    usage: () => ({ rssBytes: 0, cpuMicros: 0 }),
    async close() {
      await run({ kind: 'close' });
    },
  };
}
