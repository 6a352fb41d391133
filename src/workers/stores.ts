/**
 * The thread that holds the read models: the only one with their files open. Tasks come one at a time, so a query
 * sees whole transactions and the two stores never wait for each other's locks.
 */
import { join } from 'node:path';
import { types } from 'node:util';
import { messageOf } from '../journal/error.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { openDuckdb } from '../projections/duckdb.ts';
import { openSqlite } from '../projections/sqlite.ts';
import { STORE_FILES } from '../projections/store.ts';
import { saveTableShapes } from '../projections/table-shapes.ts';
import { createStoresTask, type RunStoresTask } from './stores-task.ts';

/** DuckDB's buffer manager may hold so much; its rows on the way in come on top. */
const DUCKDB_MEMORY = '64MB';

const runTask = createStoresTask({
  fs: nodeSyncFs,
  async openStore(name, { dataDir, tables }) {
    const file = join(dataDir, STORE_FILES[name]);
    if (name === 'sqlite') return openSqlite(file, tables.streams);
    saveTableShapes(dataDir, tables);
    return openDuckdb(file, { tables, memoryLimit: DUCKDB_MEMORY, threads: 1 });
  },
});

const run: RunStoresTask = async (task) => {
  try {
    return await runTask(task);
  } catch (error) {
    // What is an Error by inheritance only, as SQLite's are, would cross to the other thread without its message.
    throw types.isNativeError(error) ? error : new Error(messageOf(error));
  }
};
export default run;
