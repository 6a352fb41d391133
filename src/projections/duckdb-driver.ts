/** DuckDB as a store: tables with a row an event. It reads beside its transactions, on connections of their own. */
import type { StoreDriver } from './driver.ts';
import { createDuckdbRoom, machineMemoryBytes } from './duckdb-room.ts';
import { DUCKDB_SUFFIXES } from './duckdb-schema.ts';

/** Of a store that nobody gave a room. */
const MEMORY_BYTES = 128 * 1024 ** 2;

export const duckdbDriver: StoreDriver = {
  name: 'duckdb',
  label: 'DuckDB',
  file: 'analytics.duckdb',
  suffixes: DUCKDB_SUFFIXES,
  damage:
    /corrupt\w* database|not match stored checksum|could not read enough bytes|serialization error|failed to deserialize|internal error/i,
  dialect: {
    instant: (column) => `epoch_ms(${column})`,
    beginning: (column, characters) => `left(${column}::VARCHAR, ${characters})`,
  },
  cannotHold: ({ key }) => (key === null ? null : 'its tables have no keys'),
  async open({ file, tables, shapes, owner, room }) {
    const { openDuckdb } = await import('./duckdb.ts');
    const memoryBytes = room?.memoryBytes() ?? MEMORY_BYTES;
    return openDuckdb(file, { tables, shapes, memoryBytes, threads: 1, owner });
  },
  room: (tables, shapes, startBytes) => createDuckdbRoom(tables, shapes, machineMemoryBytes(), startBytes),
  async offsets(file, _owner) {
    const { readDuckdbOffsets } = await import('./duckdb-offsets.ts');
    return readDuckdbOffsets(file);
  },
  readApart: null,
};
