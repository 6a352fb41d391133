/** What the process of the read models does with a task. Those that change them must come one at a time. */
import { messageOf } from '../journal/error.ts';
import { openReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { createRegistry } from '../messages/registry.ts';
import { caseFile } from '../projections/case-file.ts';
import type { WindowShape } from '../projections/duckdb-schema.ts';
import { appendedResults } from '../projections/live-results.ts';
import { type ProjectedJournal, projectLogs } from '../projections/projector.ts';
import { readQuery } from '../projections/read-models.ts';
import { resultPage } from '../projections/result-pages.ts';
import type { Row, Store, StoreName } from '../projections/store.ts';
import { damagedBy, damagedStore } from '../projections/store-trouble.ts';
import { keyQuery, newestQuery, typedRow } from '../projections/stream-queries.ts';
import { type StreamTable, streamTable } from '../projections/stream-tables.ts';
import { storeTotals } from '../projections/totals.ts';
import type { OpenStores, StoresResults, StoresTask } from './stores-protocol.ts';

export interface StoresPorts {
  readonly fs: SyncFs;
  openStore(name: StoreName, task: OpenStores): Promise<Store>;
  /** Deletes the files of a store that is not open. */
  deleteStore(name: StoreName, task: OpenStores): void;
}

export type RunStoresTask = <T extends StoresTask>(task: T) => Promise<StoresResults[StoresTask['kind']]>;

interface Opened {
  readonly windows: readonly WindowShape[];
  readonly journal: ProjectedJournal;
  readonly declared: ReadonlyMap<string, StreamTable>;
  readonly stores: readonly Store[];
}

export function createStoresTask({ fs, openStore, deleteStore }: StoresPorts): RunStoresTask {
  let opened: Opened | null = null;
  let verifying = new AbortController();
  const damaged = new Set<StoreName>();

  /** A store that can't be opened for what is in its file is made anew. */
  async function openOrRebuild(name: StoreName, task: OpenStores): Promise<Store> {
    try {
      return await openStore(name, task);
    } catch (error) {
      if (damagedBy(error) !== name) throw error;
    }
    deleteStore(name, task);
    return openStore(name, task);
  }

  async function open(task: OpenStores): Promise<StoresResults['open']> {
    await close();
    const { dataDir } = task;
    const reader = openReader(task.journal, fs);
    const registry = createRegistry();
    for (const [fingerprint, json] of readSchemaFiles(dataDir, fs)) registry.learn(fingerprint, json);
    const stores: Store[] = [];
    for (const name of task.stores) {
      if (damaged.delete(name) || task.rebuild?.includes(name) === true) deleteStore(name, task);
      stores.push(await openOrRebuild(name, task));
    }
    const declared = new Map(task.tables.streams.map((shape) => [shape.name, streamTable(shape)]));
    const { windows } = task.tables;
    opened = { windows, journal: { reader, registry, declared }, declared, stores };
    const offsets: Record<StoreName, Record<string, number>> = { sqlite: {}, duckdb: {} };
    for (const store of stores) offsets[store.name] = Object.fromEntries(store.offsets());
    return offsets;
  }

  async function close(): Promise<null> {
    const stores = opened?.stores ?? [];
    opened = null;
    verifying.abort();
    verifying = new AbortController();
    for (const store of stores) await store.close();
    return null;
  }

  return async (task) => {
    if (task.kind === 'open') return open(task);
    if (task.kind === 'close') return close();
    if (opened === null)
      throw new Error(`The read models are not open; a ${task.kind} task came too early or too late`);
    const { journal, declared, stores, windows } = opened;
    const duckdb = (sql: string): Promise<readonly Row[]> => storeNamed(stores, 'duckdb').query(sql);
    switch (task.kind) {
      case 'project':
        try {
          return await projectLogs(journal, stores, task.ranges, task.maxEvents);
        } catch (error) {
          const store = damagedBy(error);
          if (store === null) throw error;
          damaged.add(store);
          throw damagedStore(store, messageOf(error));
        }
      case 'verify': {
        const { signal } = verifying;
        const found = [];
        for (const store of stores) {
          const why = await store.verify(signal);
          if (why === null) continue;
          damaged.add(store.name);
          found.push({ store: store.name, why });
        }
        return found;
      }
      case 'rows': {
        const { store, sql } = readQuery(task.model, task.limit);
        return storeNamed(stores, store).query(sql);
      }
      case 'streamRows': {
        const table = tableOf(declared, task.stream);
        const { store, sql } = newestQuery(table, task.limit);
        return storeNamed(stores, store).query(sql);
      }
      case 'streamKey': {
        const table = tableOf(declared, task.stream);
        const query = keyQuery(table, task.key);
        if (query === null) return [];
        const rows = await storeNamed(stores, query.store).query(query.sql);
        return rows.map((row) => typedRow(table, row));
      }
      case 'results':
        return resultPage(duckdb, windows, task.query);
      case 'appendedResults':
        return appendedResults(duckdb, windows, task.seen, task.limit);
      case 'caseFile':
        return caseFile((name) => storeNamed(stores, name), task.caseId);
      case 'totals':
        return storeTotals((name) => storeNamed(stores, name), declared.keys());
      case 'query':
        return storeNamed(stores, task.store).query(task.sql);
      case 'digest': {
        const digests = [];
        for (const store of stores) {
          for (const digest of await store.digest()) digests.push({ store: store.name, ...digest });
        }
        return digests;
      }
    }
  };
}

function tableOf(declared: ReadonlyMap<string, StreamTable>, stream: string): StreamTable {
  const table = declared.get(stream);
  if (table === undefined) throw new Error(`The stream ${stream} has no table`);
  return table;
}

function storeNamed(stores: readonly Store[], name: StoreName): Store {
  const store = stores.find((candidate) => candidate.name === name);
  if (store === undefined) throw new Error(`The ${name} store is not open`);
  return store;
}
