/**
 * Bulk rows into one DuckDB table: columns are filled in place as DuckDB lays them out and appended a chunk at a
 * time. No object, BigInt or call into native code a value; a text of more than 12 bytes costs one.
 */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

export type ColumnKind = 'long' | 'int' | 'double' | 'boolean' | 'instant' | 'text';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable?: true;
}

/** Rows of a DuckDB vector. */
const CHUNK_ROWS = 2048;
/** A string_t holds as many bytes in place: duckdb/common/types/string_type.hpp. */
const INLINE_BYTES = 12;

const DUCKDB_TYPES: Readonly<Record<ColumnKind, DuckDBType>> = {
  long: BIGINT,
  int: INTEGER,
  double: DOUBLE,
  boolean: BOOLEAN,
  instant: TIMESTAMP,
  text: VARCHAR,
};
const WIDTHS: Readonly<Record<ColumnKind, number>> = { long: 8, int: 4, double: 8, boolean: 1, instant: 8, text: 16 };

export function columnSql({ name, kind, nullable }: Column): string {
  return `"${name}" ${DUCKDB_TYPES[kind].toString()}${nullable ? '' : ' NOT NULL'}`;
}

const utf8 = new TextEncoder();

interface Buffers {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly int32: Int32Array<ArrayBuffer>;
  readonly float64: Float64Array<ArrayBuffer>;
  /** A set bit is a value; DuckDB's validity mask. */
  readonly validity: Int32Array<ArrayBuffer>;
  hasNull: boolean;
  readonly longTexts: { row: number; text: string }[];
}

export interface TableWriter {
  /** Index of a new row, whose columns must then all be set, each by its setter. */
  row(): number;
  long(column: number, row: number, value: number): void;
  int(column: number, row: number, value: number): void;
  double(column: number, row: number, value: number | null): void;
  boolean(column: number, row: number, value: boolean): void;
  /** Epoch milliseconds. */
  instant(column: number, row: number, epochMs: number): void;
  text(column: number, row: number, value: string | null): void;
  /** Hands all rows to the connection's transaction. */
  flush(): void;
  /** Forgets rows that were not flushed. */
  clear(): void;
}

/** Opens the table's appender; the connection must stay open as long as the writer is used. */
export async function createTableWriter(
  connection: DuckDBConnection,
  table: string,
  columns: readonly Column[],
): Promise<TableWriter> {
  const appender = await connection.createAppender(table);
  const chunk = DuckDBDataChunk.create(columns.map(({ kind }) => DUCKDB_TYPES[kind]));
  const buffers = columns.map(({ kind }) => columnBuffers(WIDTHS[kind]));
  let rows = 0;

  function append(): void {
    if (rows === 0) return;
    chunk.reset();
    for (const [i, { kind }] of columns.entries()) {
      copyColumn(duckdb.data_chunk_get_vector(chunk.chunk, i), buffers[i]!, WIDTHS[kind], rows);
    }
    duckdb.data_chunk_set_size(chunk.chunk, rows);
    appender.appendDataChunk(chunk);
    rows = 0;
  }

  const setNull = (buffer: Buffers, row: number): void => {
    buffer.hasNull = true;
    buffer.validity[row >> 5] = buffer.validity[row >> 5]! & ~(1 << (row & 31));
  };
  const setLong = (column: number, row: number, value: number): void => {
    const { int32 } = buffers[column]!;
    int32[2 * row] = value | 0;
    int32[2 * row + 1] = Math.floor(value / 0x1_0000_0000);
  };

  return {
    row() {
      if (rows === CHUNK_ROWS) append();
      return rows++;
    },
    long: setLong,
    int(column, row, value) {
      buffers[column]!.int32[row] = value;
    },
    double(column, row, value) {
      const buffer = buffers[column]!;
      if (value === null) setNull(buffer, row);
      else buffer.float64[row] = value;
    },
    boolean(column, row, value) {
      buffers[column]!.bytes[row] = value ? 1 : 0;
    },
    instant: (column, row, epochMs) => setLong(column, row, epochMs * 1000),
    text(column, row, value) {
      const buffer = buffers[column]!;
      if (value === null) setNull(buffer, row);
      else setText(buffer, row, value);
    },
    flush() {
      append();
      appender.flushSync();
    },
    clear() {
      rows = 0;
      for (const buffer of buffers) forgetMarks(buffer);
      appender.clear();
    },
  };
}

function columnBuffers(width: number): Buffers {
  const bytes = new Uint8Array(CHUNK_ROWS * width);
  return {
    bytes,
    int32: new Int32Array(bytes.buffer, 0, bytes.length >> 2),
    float64: new Float64Array(bytes.buffer, 0, bytes.length >> 3),
    validity: new Int32Array(CHUNK_ROWS >> 5).fill(-1),
    hasNull: false,
    longTexts: [],
  };
}

/** Lays a text out as a string_t: its length, then up to 12 bytes; longer ones wait for the native call. */
function setText(buffer: Buffers, row: number, text: string): void {
  const { bytes, int32 } = buffer;
  const at = row * WIDTHS.text;
  int32.fill(0, at >> 2, (at >> 2) + 4);
  if (text.length <= INLINE_BYTES) {
    const { written, read } = utf8.encodeInto(text, bytes.subarray(at + 4, at + 4 + INLINE_BYTES));
    if (read === text.length) {
      int32[at >> 2] = written;
      return;
    }
    int32.fill(0, at >> 2, (at >> 2) + 4);
  }
  buffer.longTexts.push({ row, text });
}

function copyColumn(vector: duckdb.Vector, buffer: Buffers, width: number, rows: number): void {
  duckdb.copy_data_to_vector(vector, 0, buffer.bytes.buffer, 0, rows * width);
  for (const { row, text } of buffer.longTexts) duckdb.vector_assign_string_element(vector, row, text);
  if (buffer.hasNull) {
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, buffer.validity.buffer, 0, buffer.validity.byteLength);
  }
  forgetMarks(buffer);
}

/** What is kept beside the bytes of a row must not outlive it: the next row of that number would inherit it. */
function forgetMarks(buffer: Buffers): void {
  buffer.longTexts.length = 0;
  if (buffer.hasNull) buffer.validity.fill(-1);
  buffer.hasNull = false;
}
