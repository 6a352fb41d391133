/** What the process of a store does with a task. Those that change the store must come one at a time. */

import { BUILTIN_TYPES } from '../builtin-types.ts';
import { messageOf } from '../journal/error.ts';
import { openPassingReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { createRegistry, type Registry } from '../messages/registry.ts';
import { derivedStreamOf } from '../messages/stream-events.ts';
import { tombstoneType } from '../messages/types.ts';
import type { StoreDriver } from '../projections/driver.ts';
import type { WindowShape } from '../projections/duckdb-schema.ts';
import { appendedResults } from '../projections/live-results.ts';
import { type ProjectedJournal, projectLogs, type Turns } from '../projections/projector.ts';
import { readSql } from '../projections/read-models.ts';
import { resultPage } from '../projections/result-pages.ts';
import type { Row, Store } from '../projections/store.ts';
import { damagedStore, isDamaged } from '../projections/store-trouble.ts';
import { keySql, newestSql, typedRow } from '../projections/stream-queries.ts';
import { type StreamTable, streamTable } from '../projections/stream-tables.ts';
import type { Table } from '../projections/table.ts';
import { countRows } from '../projections/totals.ts';
import { ALERT_STREAMS, ALERTS, outputOf } from '../tables.ts';
import type { OpenStore, StoreResults, StoreTask } from './store-protocol.ts';

export interface StorePorts {
  readonly fs: SyncFs;
  readonly driver: Pick<StoreDriver, 'name' | 'damage' | 'dialect'>;
  /** The store's own. */
  readonly tables: readonly Table[];
  /** Absent where a transaction may keep the thread. */
  readonly turns?: Turns | null;
  openStore(task: OpenStore): Promise<Store>;
  /** Takes away what the store, which is not open, holds of the data directory. */
  eraseStore(task: OpenStore): Promise<void>;
}

export type RunStoreTask = (task: StoreTask) => Promise<StoreResults[StoreTask['kind']]>;

interface Opened {
  readonly windows: readonly WindowShape[];
  readonly journal: ProjectedJournal;
  readonly declared: ReadonlyMap<string, StreamTable>;
  readonly store: Store;
}

export function createStoreTask({ fs, driver, tables, turns = null, openStore, eraseStore }: StorePorts): RunStoreTask {
  let opened: Opened | null = null;
  let verifying = new AbortController();
  let isKnownDamaged = false;

  /** A store that can't be opened for what is in its file is made anew. */
  async function openOrRebuild(task: OpenStore): Promise<Store> {
    try {
      return await openStore(task);
    } catch (error) {
      if (!isDamaged(driver, error)) throw error;
    }
    await eraseStore(task);
    return openStore(task);
  }

  async function open(task: OpenStore): Promise<StoreResults['open']> {
    await close();
    const { dataDir } = task;
    const reader = openPassingReader(task.journal, fs);
    const registry = createRegistry(BUILTIN_TYPES);
    for (const [fingerprint, json] of readSchemaFiles(dataDir, fs)) registry.learn(fingerprint, json);
    if (isKnownDamaged || task.rebuild === true) await eraseStore(task);
    isKnownDamaged = false;
    const store = await openOrRebuild(task);
    const declared = new Map(task.tables.streams.map((shape) => [shape.name, streamTable(shape)]));
    const { windows } = task.tables;
    const nameOf = sectionNames(registry, task.tables);
    opened = { windows, journal: { reader, registry, declared, nameOf }, declared, store };
    return Object.fromEntries(store.offsets());
  }

  async function close(): Promise<null> {
    const store = opened?.store;
    opened = null;
    verifying.abort();
    verifying = new AbortController();
    await store?.close();
    return null;
  }

  return async (task) => {
    if (task.kind === 'open') return open(task);
    if (task.kind === 'close') return close();
    if (opened === null) {
      throw new Error(`The ${driver.name} store is not open; a ${task.kind} task came too early or too late`);
    }
    const { journal, declared, store, windows } = opened;
    const query = (sql: string): Promise<readonly Row[]> => store.query(sql);
    switch (task.kind) {
      case 'project':
        try {
          return await projectLogs(journal, store, task.ranges, task, turns);
        } catch (error) {
          if (!isDamaged(driver, error)) throw error;
          isKnownDamaged = true;
          throw damagedStore(driver.name, messageOf(error));
        }
      case 'verify': {
        const why = await store.verify(verifying.signal);
        if (why !== null) isKnownDamaged = true;
        return why;
      }
      case 'rows': {
        const table = tables.find(({ name }) => name === task.table);
        if (table?.read === undefined) throw new Error(`The table ${task.table} is none that the API reads`);
        return query(readSql(table, table.read, driver.dialect, task.limit));
      }
      case 'streamRows':
        return query(newestSql(tableOf(declared, task.stream), task.limit));
      case 'streamKey': {
        const table = tableOf(declared, task.stream);
        const sql = keySql(table, task.key);
        return sql === null ? [] : (await query(sql)).map((row) => typedRow(table, row));
      }
      case 'results':
        return resultPage(query, windows, task.query);
      case 'appendedResults':
        return appendedResults(query, windows, task.seen, task.limit);
      case 'totals':
        return countRows(query, tables, task.hasDeclared ? [...declared.keys()] : []);
      case 'query':
        return query(task.sql);
      case 'digest':
        return store.digest();
      case 'copy':
        if (store.copy === undefined) throw new Error(`The ${driver.name} store gives no copy of itself`);
        await store.copy(task.to);
        return null;
    }
  };
}

/** What each section is, as the pipeline file calls it. */
function sectionNames(
  registry: Registry,
  { streams, named = [] }: OpenStore['tables'],
): NonNullable<ProjectedJournal['nameOf']> {
  const types = new Map([
    ...streams.map((shape): [string, string] => [shape.name, streamTable(shape).type.name]),
    ...named.map(({ name, eventType }): [string, string] => [name, eventType]),
  ]);
  return (stream, section) => {
    const record = registry.nameOf(section.fingerprint) ?? '';
    if (record === tombstoneType.name || (section.role === 'input' && record === types.get(stream))) return stream;
    const name = derivedStreamOf(registry, outputOf, stream, section);
    return name !== null && ALERT_STREAMS.includes(name) ? ALERTS : name;
  };
}

function tableOf(declared: ReadonlyMap<string, StreamTable>, stream: string): StreamTable {
  const table = declared.get(stream);
  if (table === undefined) throw new Error(`The stream ${stream} has no table`);
  return table;
}
