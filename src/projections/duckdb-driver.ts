/** DuckDB as a store: tables with a row an event. It reads beside its transactions, on connections of their own. */
import { eraseFiles, fileOf, type StoreDriver } from './driver.ts';
import { createDuckdbRoom, machineMemoryBytes } from './duckdb-room.ts';
import { DUCKDB_SUFFIXES } from './duckdb-schema.ts';

/** The memory of a store that was not given a room. */
const MEMORY_BYTES = 128 * 1024 ** 2;

export const duckdbDriver: StoreDriver = {
  name: 'duckdb',
  label: 'DuckDB',
  kind: null,
  files: DUCKDB_SUFFIXES.map((suffix) => `analytics.duckdb${suffix}`),
  damage:
    /corrupt\w* database|not match stored checksum|could not read enough bytes|serialization error|failed to deserialize|internal error/i,
  dialect: {
    instant: (column) => `epoch_ms(${column})`,
    beginning: (column, characters) => `left(${column}::VARCHAR, ${characters})`,
  },
  cannotHold: ({ key }) => (key === null ? null : 'its tables have no keys'),
  async open({ dataDir, tables, shapes, owner, room }) {
    const { openDuckdb } = await import('./duckdb.ts');
    const memoryBytes = room?.memoryBytes() ?? MEMORY_BYTES;
    return openDuckdb(fileOf(duckdbDriver, dataDir), { tables, shapes, memoryBytes, threads: 1, owner });
  },
  erase: async ({ dataDir }) => eraseFiles(duckdbDriver, dataDir),
  room: (tables, shapes, startBytes) => createDuckdbRoom(tables, shapes, machineMemoryBytes(), startBytes),
  async offsets(dataDir, _owner) {
    const { readDuckdbOffsets } = await import('./duckdb-offsets.ts');
    return readDuckdbOffsets(fileOf(duckdbDriver, dataDir));
  },
  readApart: null,
  retryMs: null,
};
