/** The read models of a data directory that no service is running on: replayed, asked, and closed again. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { derivationHistory } from '../data-directory/derivation-history.ts';
import { forgottenUpTo } from '../data-directory/forgotten-file.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { isAhead } from '../data-directory/stores-ahead.ts';
import { nodeFs } from '../journal/fs.ts';
import { lockDirectory } from '../journal/lock.ts';
import { openReader } from '../journal/open-reader.ts';
import { endOfLog } from '../journal/recovery.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { logPlace } from '../messages/log-name.ts';
import type { Rederived } from '../partition/rederive.ts';
import { eraseFiles } from '../projections/driver.ts';
import { driverOf, STORE_NAMES } from '../projections/drivers.ts';
import type { LogRange } from '../projections/projector.ts';
import type { Row } from '../projections/store.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import { damagedStore, isDamaged } from '../projections/store-trouble.ts';
import { savedTableShapes } from '../projections/table-shapes.ts';
import { startOf } from '../service/job-tables.ts';
import { driversOf, startStores } from '../workers/all-stores.ts';
import { isChildEnd } from '../workers/child.ts';
import { startBatchPool } from '../workers/pool.ts';
import type { Opening, StoreProcess } from '../workers/store-process.ts';
import type { StoreResults } from '../workers/store-protocol.ts';
import { digestsOf, type NamedDigest, type Target } from './channel-commands.ts';

/** The read models by name, as the command line takes them. */
export const PROJECTIONS = STORE_NAMES;

export interface Offline {
  /** Events in all logs. */
  readonly eventsInJournal: number;
  /** Projects the events that the stores lack. Resolves with the number of events read. */
  catchUp(onProgress?: (events: number) => void): Promise<number>;
  /**
   * Derives the events of every log anew, in a pool of threads, and compares them with the log. Logs that belong to no
   * stream are left out. A call of an operator's code may take `stuckAfterMs`.
   */
  rederive(stuckAfterMs?: number): Promise<readonly ComparedLog[]>;
  query(store: string, sql: string): Promise<readonly Row[]>;
  digests(): Promise<readonly NamedDigest[]>;
  /** The target for the commands that a running service answers too. */
  readonly target: Target;
  close(): Promise<void>;
}

const OPEN_ATTEMPTS = 3;
/** The default of a pipeline file's `supervision.stuckAfter`. */
const STUCK_AFTER_MS = 30_000;

export interface ComparedLog extends Rederived {
  readonly log: string;
  /** Offset. Commits before it had events removed, and are not compared. */
  readonly comparedFrom: number;
}

/**
 * Enough events that most tables get more rows than one of DuckDB's row groups (122,880). Such rows go straight to the
 * file, compressed, and not through the write-ahead log first.
 */
const TRANSACTION = { maxEvents: 2_000_000, maxBytes: 64 * 1024 ** 2 } as const;

/** Deletes the files of these read models, which can be rebuilt from the journal. */
export function deleteStores(dataDir: string, stores: readonly string[]): void {
  for (const driver of stores.map(driverOf)) eraseFiles(driver, dataDir);
}

/** Stores of the pipeline file that are opened too, with their secrets. Those in `rebuild` begin from nothing. */
export interface NamedStores {
  readonly declared: readonly DeclaredStore[];
  readonly rebuild: boolean;
}

const NONE: NamedStores = { declared: [], rebuild: false };

/**
 * Takes the directory's lock and opens the stores. Throws a JournalError when a service runs on it. `before` runs under the
 * lock, before the stores are opened. A store that somebody else runs is opened only where it is named.
 */
export async function openReadModels(
  dataDir: string,
  before: () => void = () => {},
  { declared, rebuild }: NamedStores = NONE,
): Promise<Offline> {
  const journal = requireJournal(dataDir);
  const saved = savedTableShapes(dataDir);
  const isNamed = (store: string): boolean => declared.some(({ name }) => name === store);
  // The data directory keeps what it knows of all other stores.
  const others = (saved.declared ?? []).filter(({ name }) => !isNamed(name));
  const tables = { ...saved, declared: [...others, ...declared] };
  const unlock = lockDirectory(journal.directory);
  const jobTables = startOf(dataDir);
  const stores = startStores(await driversOf(tables.stores ?? STORE_NAMES, declared));
  try {
    before();
    const task: Opening = { kind: 'open', dataDir, journal, tables };
    const found = await Promise.all(
      stores.all.map((store) => openStore(store, { ...task, rebuild: rebuild && isNamed(store.name) })),
    );
    const ranges: LogRange[] = [];
    for (const log of await openReader(journal).logNames()) {
      ranges.push({ log, toOffset: await endOfLog(nodeFs, join(journal.directory, log), log) });
    }
    for (const [i, store] of stores.all.entries()) {
      const endOf = (log: string): number | undefined => ranges.find((range) => range.log === log)?.toOffset;
      if (isAhead(found[i] ?? {}, endOf)) await openStore(store, { ...task, rebuild: true });
    }
    /** Lets one store catch up. A store that turns out to be damaged is made anew, once. */
    async function catchUpOne(store: StoreProcess, onProgress: (events: number) => void): Promise<number> {
      let events = 0;
      for (let wasDamaged = false; ; ) {
        try {
          const projected = await store.project({ kind: 'project', ranges, ...TRANSACTION });
          events += projected.events;
          onProgress(events);
          if (projected.caughtUp) return events;
        } catch (error) {
          if (wasDamaged || !isDamaged(store.driver, error)) throw error;
          wasDamaged = true;
          await openStore(store, task);
        }
      }
    }
    /** Each store reads the journal for itself. The progress is what all of them have. */
    async function catchUp(onProgress?: (events: number) => void): Promise<number> {
      const reached = stores.all.map(() => 0);
      const done = await Promise.all(
        stores.all.map((store, i) =>
          catchUpOne(store, (events) => {
            reached[i] = events;
            onProgress?.(Math.min(...reached));
          }),
        ),
      );
      return Math.max(0, ...done);
    }
    const target: Target = {
      dataDir,
      journal,
      stores,
      jobTables,
      running: null,
      async caughtUp(patienceMs, { note, signal }) {
        const looked = Promise.all(stores.all.map(async (store) => ({ store, why: await store.verify() })));
        const found = await Promise.race([looked, patience(patienceMs, signal)]);
        if (found === null) note('the files of the read models were not looked through for damage in the time');
        for (const { store, why } of found ?? []) {
          if (why === null) continue;
          note(damagedStore(store.name, why).message);
          await openStore(store, task);
          await catchUpOne(store, () => {});
        }
        return ranges;
      },
    };
    return {
      eventsInJournal: ranges.reduce((sum, { toOffset }) => sum + toOffset, 0),
      catchUp,
      async rederive(stuckAfterMs = STUCK_AFTER_MS) {
        const pool = startBatchPool(Math.max(1, availableParallelism() - 1));
        try {
          const changed = forgottenUpTo(dataDir, nodeSyncFs);
          const shards = ranges.flatMap(({ log, toOffset }) => {
            const history = derivationHistory(dataDir, log, nodeSyncFs);
            const partition = logPlace(log)?.partition ?? null;
            return history.length === 0 || partition === null
              ? []
              : [{ log, toOffset, history, partition, comparedFrom: changed.get(log) ?? 0 }];
          });
          return await Promise.all(
            shards.map(async (shard) => ({
              log: shard.log,
              comparedFrom: shard.comparedFrom,
              ...(await pool.rederiveLog({ dataDir, journal, ...shard }, stuckAfterMs)),
            })),
          );
        } finally {
          await pool.close();
        }
      },
      query: (store, sql) => stores.of(store).read({ kind: 'query', sql }),
      async digests() {
        const digests: NamedDigest[] = [];
        const context = { signal: new AbortController().signal, note: () => {} };
        for await (const some of digestsOf(target, context, false)) digests.push(...some);
        return digests;
      },
      target,
      async close() {
        await Promise.all([stores.close(), jobTables.close()]);
        unlock();
      },
    };
  } catch (error) {
    await stores.close();
    unlock();
    throw error;
  }
}

/** Opens a store. A damaged file may end the process that opens it; after a few such ends the file is made anew. */
async function openStore(store: StoreProcess, task: Opening): Promise<StoreResults['open']> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.open(task);
    } catch (error) {
      if (attempt === OPEN_ATTEMPTS || !isChildEnd(error)) throw error;
    }
  }
}

/** Resolves with null after the time, or when nobody waits any more. */
function patience(ms: number, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? setTimeout(resolve, ms, null) : null;
    signal.addEventListener(
      'abort',
      () => {
        if (timer !== null) clearTimeout(timer);
        resolve(null);
      },
      { once: true },
    );
  });
}
