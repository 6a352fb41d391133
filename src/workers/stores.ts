/**
 * The thread that holds the read models: the only one with their files open. Tasks come one at a time, so a query
 * sees whole transactions and the two stores never wait for each other's locks.
 */
import { join } from 'node:path';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { createRegistry, type Registry } from '../messages/registry.ts';
import { openDuckdb } from '../projections/duckdb.ts';
import { projectLogs } from '../projections/projector.ts';
import { readQuery } from '../projections/read-models.ts';
import { openSqlite } from '../projections/sqlite.ts';
import { STORE_FILES, type Store, type StoreName } from '../projections/store.ts';
import type { OpenStores, StoresResults, StoresTask } from './stores-protocol.ts';

interface Opened {
  readonly dataDir: string;
  readonly registry: Registry;
  readonly stores: readonly Store[];
}

/** DuckDB's buffer manager may hold so much; its rows on the way in come on top. */
const DUCKDB_MEMORY = '64MB';

let opened: Opened | null = null;

export default async function runStoresTask(task: StoresTask): Promise<StoresResults[StoresTask['kind']]> {
  if (task.kind === 'open') return open(task);
  if (task.kind === 'close') return close();
  if (opened === null) throw new Error(`The read models are not open; a ${task.kind} task came too early or too late`);
  const { dataDir, registry, stores } = opened;
  switch (task.kind) {
    case 'project':
      return projectLogs(join(dataDir, 'journal'), registry, stores, task.ranges, task.maxEvents);
    case 'rows': {
      const { store, sql } = readQuery(task.model, task.limit);
      return storeNamed(stores, store).query(sql);
    }
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
}

async function open({ dataDir, stores: names, windows }: OpenStores): Promise<StoresResults['open']> {
  await close();
  const registry = createRegistry();
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  const stores: Store[] = [];
  for (const name of names) {
    const file = join(dataDir, STORE_FILES[name]);
    stores.push(
      name === 'sqlite'
        ? openSqlite(file)
        : await openDuckdb(file, { windows, memoryLimit: DUCKDB_MEMORY, threads: 1 }),
    );
  }
  opened = { dataDir, registry, stores };
  const offsets: Record<StoreName, Record<string, number>> = { sqlite: {}, duckdb: {} };
  for (const store of stores) offsets[store.name] = Object.fromEntries(store.offsets());
  return offsets;
}

async function close(): Promise<null> {
  const stores = opened?.stores ?? [];
  opened = null;
  for (const store of stores) await store.close();
  return null;
}

function storeNamed(stores: readonly Store[], name: StoreName): Store {
  const store = stores.find((candidate) => candidate.name === name);
  if (store === undefined) throw new Error(`The ${name} store is not open`);
  return store;
}
