/**
 * Bulk rows into one DuckDB table: columns of events become columns of DuckDB's own layout, a chunk at a time. No
 * object, BigInt or call into native code a value; a text of more than 12 bytes costs one.
 */
import { isUtf8 } from 'node:buffer';
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { type Columns, type NumberColumn, type TextColumn, textAt } from '../messages/columns.ts';
import type { Where } from './store.ts';

export type ColumnKind = 'long' | 'int' | 'double' | 'boolean' | 'instant' | 'date' | 'text' | 'bytes';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The field of an event that it holds, or a place (table.ts): where the event lies. */
  readonly from: string;
  readonly nullable?: true;
}

/** Rows of a DuckDB vector. */
const CHUNK_ROWS = 2048;
/** A string_t holds as many bytes in place: duckdb/common/types/string_type.hpp. */
const INLINE_BYTES = 12;
const MICROS_PER_MILLI = 1000;

const DUCKDB_TYPES: Readonly<Record<ColumnKind, DuckDBType>> = {
  long: BIGINT,
  int: INTEGER,
  double: DOUBLE,
  boolean: BOOLEAN,
  instant: TIMESTAMP,
  date: DATE,
  text: VARCHAR,
  bytes: BLOB,
};
const WIDTHS: Readonly<Record<ColumnKind, number>> = {
  long: 8,
  int: 4,
  double: 8,
  boolean: 1,
  instant: 8,
  date: 4,
  text: 16,
  bytes: 16,
};

/** A number that is not finite is null, so a double may always be. */
export function columnSql({ name, kind, nullable }: Column): string {
  return `"${name}" ${DUCKDB_TYPES[kind].toString()}${nullable || kind === 'double' ? '' : ' NOT NULL'}`;
}

interface Buffers {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly int32: Int32Array<ArrayBuffer>;
  readonly float64: Float64Array<ArrayBuffer>;
  /** A set bit is a value; DuckDB's validity mask. */
  readonly validity: Int32Array<ArrayBuffer>;
  hasNull: boolean;
  readonly longValues: { row: number; value: string | Uint8Array }[];
}

export interface TableWriter {
  /** Takes a row an event. Throws when the events lack a field of the table. */
  append(events: Columns, where: Where): void;
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

  function appendChunk(): void {
    if (rows === 0) return;
    chunk.reset();
    for (const [i, { kind }] of columns.entries()) {
      copyColumn(duckdb.data_chunk_get_vector(chunk.chunk, i), buffers[i]!, WIDTHS[kind], rows);
    }
    duckdb.data_chunk_set_size(chunk.chunk, rows);
    appender.appendDataChunk(chunk);
    rows = 0;
  }

  return {
    append(events, where) {
      const sources = columns.map(({ from }) => sourceOf(events, from, where));
      for (let from = 0; from < events.count; ) {
        if (rows === CHUNK_ROWS) appendChunk();
        const to = Math.min(events.count, from + CHUNK_ROWS - rows);
        for (let i = 0; i < columns.length; i++) fill(buffers[i]!, columns[i]!.kind, rows, sources[i]!, from, to);
        rows += to - from;
        from = to;
      }
    },
    flush() {
      appendChunk();
      appender.flushSync();
    },
    clear() {
      rows = 0;
      for (const buffer of buffers) forgetMarks(buffer);
      appender.clear();
    },
  };
}

/** What a column is filled from: a field, or a number that grows by a step from row to row. */
type Source = NumberColumn | TextColumn | { readonly kind: 'steps'; readonly first: number; readonly step: number };

function sourceOf(events: Columns, from: string, where: Where): Source {
  switch (from) {
    case '$partition':
      return { kind: 'steps', first: where.partition, step: 0 };
    case '$offset':
      return { kind: 'steps', first: where.firstOffset, step: 1 };
    case '$committedAt':
      return { kind: 'steps', first: where.committedAt, step: 0 };
    case '$log':
      return repeated(where.log, events.count);
    case '$stream':
      return repeated(where.stream, events.count);
  }
  const column = events.column(from);
  if (column === undefined || column.kind === 'boxed')
    throw new Error(`Events without the field ${from} can't be projected`);
  return column;
}

function repeated(text: string, count: number): TextColumn {
  const bytes = Buffer.from(text, 'utf8');
  return {
    kind: 'text',
    bytes,
    starts: new Uint32Array(count),
    ends: new Uint32Array(count).fill(bytes.length),
    nulls: null,
  };
}

/** Lays rows `from` to `to` of a source out from row `at` of a buffer on. */
function fill(buffer: Buffers, kind: ColumnKind, at: number, source: Source, from: number, to: number): void {
  if (source.kind === 'text') {
    fillTexts(buffer, kind, at, source, from, to);
    return;
  }
  if (kind === 'text' || kind === 'bytes') {
    // Values that are all null are a column of no type.
    if (source.kind !== 'number' || source.nulls === null) throw new Error('A column of texts is filled from numbers');
    buffer.int32.fill(0, at << 2, (at + to - from) << 2);
    markNulls(buffer, at, source.nulls, from, to);
    return;
  }
  const { int32, float64, bytes } = buffer;
  const scale = kind === 'instant' ? MICROS_PER_MILLI : 1;
  for (let row = at, i = from; i < to; row++, i++) {
    const value = (source.kind === 'steps' ? source.first + source.step * i : source.values[i]!) * scale;
    switch (kind) {
      case 'long':
      case 'instant':
        int32[2 * row] = value | 0;
        int32[2 * row + 1] = Math.floor(value / 0x1_0000_0000);
        break;
      case 'int':
      case 'date':
        int32[row] = value;
        break;
      case 'double':
        float64[row] = value;
        if (!Number.isFinite(value)) markNull(buffer, row);
        break;
      default:
        bytes[row] = value;
    }
  }
  if (source.kind === 'number' && source.nulls !== null) markNulls(buffer, at, source.nulls, from, to);
}

/**
 * A string_t: its length, then up to 12 bytes; longer ones wait for the native call. DuckDB takes the bytes on trust and
 * fails once they are read, so a text that is no UTF-8, which older versions took in, is stored with U+FFFD.
 */
function fillTexts(buffer: Buffers, kind: ColumnKind, at: number, source: TextColumn, from: number, to: number): void {
  const { bytes, int32 } = buffer;
  for (let row = at, i = from; i < to; row++, i++) {
    const start = source.starts[i]!;
    const length = source.ends[i]! - start;
    const word = row << 2;
    int32[word + 1] = 0;
    int32[word + 2] = 0;
    int32[word + 3] = 0;
    let isInline = length <= INLINE_BYTES;
    if (isInline) {
      int32[word] = length;
      const byte = (word + 1) << 2;
      let all = 0;
      for (let j = 0; j < length; j++) all |= bytes[byte + j] = source.bytes[start + j]!;
      isInline = all < 0x80 || kind === 'bytes' || isUtf8(source.bytes.subarray(start, start + length));
    }
    if (!isInline) {
      int32[word] = 0;
      int32[word + 1] = 0;
      int32[word + 2] = 0;
      int32[word + 3] = 0;
      // A copy: the block's memory may be another's by the time that the row is handed over.
      const value = kind === 'bytes' ? new Uint8Array(source.bytes.subarray(start, start + length)) : textAt(source, i);
      buffer.longValues.push({ row, value });
    }
  }
  if (source.nulls !== null) markNulls(buffer, at, source.nulls, from, to);
}

function markNulls(buffer: Buffers, at: number, nulls: Uint8Array, from: number, to: number): void {
  for (let row = at, i = from; i < to; row++, i++) {
    if (nulls[i] !== 0) markNull(buffer, row);
  }
}

function markNull(buffer: Buffers, row: number): void {
  buffer.hasNull = true;
  buffer.validity[row >> 5] = buffer.validity[row >> 5]! & ~(1 << (row & 31));
}

function columnBuffers(width: number): Buffers {
  const bytes = new Uint8Array(CHUNK_ROWS * width);
  return {
    bytes,
    int32: new Int32Array(bytes.buffer, 0, bytes.length >> 2),
    float64: new Float64Array(bytes.buffer, 0, bytes.length >> 3),
    validity: new Int32Array(CHUNK_ROWS >> 5).fill(-1),
    hasNull: false,
    longValues: [],
  };
}

function copyColumn(vector: duckdb.Vector, buffer: Buffers, width: number, rows: number): void {
  duckdb.copy_data_to_vector(vector, 0, buffer.bytes.buffer, 0, rows * width);
  for (const { row, value } of buffer.longValues) {
    if (typeof value === 'string') duckdb.vector_assign_string_element(vector, row, value);
    else duckdb.vector_assign_string_element_len(vector, row, value);
  }
  if (buffer.hasNull) {
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, buffer.validity.buffer, 0, buffer.validity.byteLength);
  }
  forgetMarks(buffer);
}

/** What is kept beside the bytes of a row must not outlive it: the next row of that number would inherit it. */
function forgetMarks(buffer: Buffers): void {
  buffer.longValues.length = 0;
  if (buffer.hasNull) buffer.validity.fill(-1);
  buffer.hasNull = false;
}
