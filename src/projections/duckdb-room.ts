/**
 * How much memory DuckDB may hold, and how many events one transaction takes. What its tables need grows with their columns:
 * each that has rows the last checkpoint has not seen holds a block or two. Where that was too little after all, a
 * transaction fails, and the next try has more memory and fewer events.
 */
import { totalmem } from 'node:os';
import type { StoreRoom } from './driver.ts';
import { windowColumns } from './duckdb-schema.ts';
import { streamColumns } from './duckdb-streams.ts';
import { streamTable } from './stream-tables.ts';
import type { Table } from './table.ts';
import type { TableShapes } from './table-shapes.ts';

const MB = 1024 ** 2;
/** For the rows of a transaction on their way, and for queries. */
const BASE_BYTES = 96 * MB;
/** Three blocks of 256 KB. */
const COLUMN_BYTES = 768 * 1024;
/** DuckDB has at most this part of the machine's memory. */
const MACHINE_SHARE = 4;
const EVENTS_MIN = 500;

/** A room of memory. `startBytes` takes the place of what the tables need. */
export function createDuckdbRoom(
  tables: readonly Table[],
  shapes: TableShapes,
  machineBytes: number,
  startBytes?: number,
): StoreRoom {
  const mostBytes = Math.max(BASE_BYTES, machineBytes / MACHINE_SHARE);
  let memoryBytes = Math.min(startBytes ?? BASE_BYTES + columnsOf(tables, shapes) * COLUMN_BYTES, mostBytes);
  let share = 1;
  let wantedEvents = EVENTS_MIN;
  return {
    memoryBytes: () => Math.floor(memoryBytes),
    events(wanted) {
      wantedEvents = wanted;
      return Math.max(EVENTS_MIN, Math.floor(wanted / share));
    },
    grow() {
      if (memoryBytes >= mostBytes && wantedEvents / share <= EVENTS_MIN) return false;
      memoryBytes = Math.min(memoryBytes * 2, mostBytes);
      share *= 4;
      return true;
    },
    isShort: isOutOfMemory,
  };
}

function columnsOf(tables: readonly Table[], { windows, streams }: TableShapes): number {
  const counts = [
    ...tables.map(({ columns }) => columns.length),
    ...windows.map((shape) => windowColumns(shape).length),
    ...streams.map((shape) => streamColumns(streamTable(shape)).length),
  ];
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The memory that this process may use: the machine's, or what a container is given of it. */
export function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

/** Whether DuckDB had too little memory. Its words say so, since it has no code for it. */
function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error &&
    /out of memory error|failed to (?:pin|allocate) block|could not allocate block/i.test(error.message)
  );
}
