/** The read models of a data directory that no service is running on: replayed, queried, digested, and closed again. */
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../journal/fs.ts';
import { logNames } from '../journal/journal.ts';
import { lockDirectory } from '../journal/lock.ts';
import { endOfLog } from '../journal/recovery.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { createRegistry } from '../messages/registry.ts';
import type { Rederived } from '../partition/rederive.ts';
import type { LogRange } from '../projections/projector.ts';
import { type Row, STORE_FILES, STORE_NAMES, type StoreName } from '../projections/store.ts';
import { savedTableShapes } from '../projections/table-shapes.ts';
import { startBatchPool, startStoresThread } from '../workers/pool.ts';
import { derivationHistory } from './derivation-history.ts';
import { digestStreams } from './stream-digest.ts';

/** The read models by name, as the command line takes them. */
export const PROJECTIONS = STORE_NAMES;

export interface Offline {
  /** Events in all logs. */
  readonly eventsInJournal: number;
  /** Projects what the stores have not got. Resolves with the events read. */
  catchUp(onProgress?: (events: number) => void): Promise<number>;
  /** Derives the events of every log anew, in a pool of threads, and compares. Logs of no stream are left out. */
  rederive(): Promise<readonly RederivedLog[]>;
  query(store: StoreName, sql: string): Promise<readonly Row[]>;
  digests(): Promise<{ readonly name: string; readonly rows: number; readonly hash: string }[]>;
  close(): Promise<void>;
}

export interface RederivedLog extends Rederived {
  readonly log: string;
}

/**
 * As many as make most tables' rows more than one of DuckDB's row groups (122,880): those go straight to the file,
 * compressed, and not through its write-ahead log first.
 */
const EVENTS_PER_TRANSACTION = 2_000_000;

/** Deletes the files of these read models. The journal is what they are rebuilt from. */
export function deleteStores(dataDir: string, stores: readonly StoreName[]): void {
  for (const store of stores) {
    for (const suffix of ['', '-wal', '-shm', '.wal'])
      rmSync(join(dataDir, STORE_FILES[store]) + suffix, { force: true });
  }
}

/**
 * Takes the directory's lock and opens the stores. Throws a JournalError when a service runs on it.
 * `before` runs under the lock, before the stores are opened.
 */
export async function openReadModels(dataDir: string, before: () => void = () => {}): Promise<Offline> {
  const tables = savedTableShapes(dataDir);
  const journalDir = join(dataDir, 'journal');
  mkdirSync(journalDir, { recursive: true });
  const unlock = lockDirectory(journalDir);
  try {
    before();
    const thread = startStoresThread();
    await thread.run({ kind: 'open', dataDir, stores: STORE_NAMES, tables });
    const ranges: LogRange[] = [];
    for (const log of logNames(journalDir)) {
      ranges.push({ log, toOffset: await endOfLog(nodeFs, join(journalDir, log), log) });
    }
    return {
      eventsInJournal: ranges.reduce((sum, { toOffset }) => sum + toOffset, 0),
      async catchUp(onProgress) {
        let events = 0;
        for (;;) {
          const projected = await thread.run({ kind: 'project', ranges, maxEvents: EVENTS_PER_TRANSACTION });
          events += projected.events;
          onProgress?.(events);
          if (projected.caughtUp) return events;
        }
      },
      async rederive() {
        const pool = startBatchPool(Math.max(1, availableParallelism() - 1));
        try {
          const shards = ranges.flatMap(({ log, toOffset }) => {
            const history = derivationHistory(dataDir, log, nodeSyncFs);
            return history.length === 0 ? [] : [{ log, toOffset, history, partition: partitionOfLog(log) }];
          });
          return await Promise.all(
            shards.map(async (shard) => ({
              log: shard.log,
              ...(await pool.rederiveLog({ dataDir, journalDir, ...shard })),
            })),
          );
        } finally {
          await pool.close();
        }
      },
      query: (store, sql) => thread.run({ kind: 'query', store, sql }),
      async digests() {
        const registry = createRegistry();
        for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
        const tables = await thread.run({ kind: 'digest' });
        const streams = digestStreams(journalDir, registry, ranges);
        return [
          ...tables.map(({ store, table, rows, hash }) => ({ name: `${store}.${table}`, rows, hash })),
          ...streams.map(({ stream, events, hash }) => ({ name: `stream ${stream}`, rows: events, hash })),
        ];
      },
      async close() {
        await thread.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A log is named for its stream and partition. */
function partitionOfLog(log: string): number {
  return Number(log.slice(log.lastIndexOf('-') + 1));
}
