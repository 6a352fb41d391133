/**
 * Rows of numbers, by number: a record of state is a row in one array and no object, so that a million of them cost the
 * collector nothing. Closed rows are reused, the last one first, since that one is still in a cache.
 */
export interface RowPool {
  rows: Float64Array;
  /** Numbers a row. */
  readonly stride: number;
  /** Rows given out so far, closed ones included. */
  used: number;
  readonly closed: number[];
}

const INITIAL_ROWS = 64;
/** From so many rows on a pool grows by half and no longer to twice its size, so that less of it lies idle. */
const MANY_ROWS = 1 << 16;

export function createRowPool(stride: number): RowPool {
  return { rows: new Float64Array(INITIAL_ROWS * stride), stride, used: 0, closed: [] };
}

/** The number of a new row, whose numbers are whatever they are. */
export function openRow(pool: RowPool): number {
  const row = pool.closed.pop() ?? pool.used++;
  if (row * pool.stride === pool.rows.length) grow(pool);
  return row;
}

export function closeRow(pool: RowPool, row: number): void {
  pool.closed.push(row);
}

/** Rows that are open. */
export function rowCount({ used, closed }: RowPool): number {
  return used - closed.length;
}

function grow(pool: RowPool): void {
  const { rows, stride } = pool;
  const count = rows.length / stride;
  const larger = new Float64Array((count + (count < MANY_ROWS ? count : count >> 1)) * stride);
  larger.set(rows);
  pool.rows = larger;
}
