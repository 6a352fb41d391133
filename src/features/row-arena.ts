/**
 * Rows of numbers in one array of all keys: each key has a ring of rows in it, whose length is a power of 2 and doubles when
 * it is full. Rows are numbered from the first that the key ever had; a number that has left the ring is given no more.
 */

export interface RowArena {
  /** Numbers of a row. */
  readonly stride: number;
  rows: Float64Array;
  /** Numbers that were given away so far. */
  end: number;
  /** Rings of each length that nobody has, by the length's exponent. */
  readonly free: number[][];
}

const FIRST_ROWS = 4;
const INITIAL_NUMBERS = 1 << 10;

export function createRowArena(stride: number): RowArena {
  return { stride, rows: new Float64Array(INITIAL_NUMBERS), end: 0, free: [] };
}

/** Rows of a key's first ring. */
export function firstRingRows(): number {
  return FIRST_ROWS;
}

/** The place of a ring of so many rows. */
export function takeRing(arena: RowArena, rows: number): number {
  const known = arena.free[Math.log2(rows)]?.pop();
  if (known !== undefined) return known;
  const place = arena.end;
  arena.end += rows * arena.stride;
  if (arena.end > arena.rows.length) {
    const larger = new Float64Array(2 * arena.end);
    larger.set(arena.rows);
    arena.rows = larger;
  }
  return place;
}

export function giveRing(arena: RowArena, place: number, rows: number): void {
  const size = Math.log2(rows);
  const own = arena.free[size] ?? [];
  arena.free[size] = own;
  own.push(place);
}

/** A ring of twice the length with the same rows under the same numbers; the old one is given back. */
export function growRing(arena: RowArena, place: number, rows: number, first: number, next: number): number {
  const { stride } = arena;
  const larger = takeRing(arena, 2 * rows);
  for (let row = first; row < next; row++) {
    const from = place + (row & (rows - 1)) * stride;
    arena.rows.copyWithin(larger + (row & (2 * rows - 1)) * stride, from, from + stride);
  }
  giveRing(arena, place, rows);
  return larger;
}
