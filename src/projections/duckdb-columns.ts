/**
 * Bulk rows into one DuckDB table: columns of events become columns of DuckDB's own layout, a chunk at a time. No
 * object, BigInt or call into native code a value; a text of more than 12 bytes costs one.
 */
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { Columns, TextColumn } from '../messages/columns.ts';
import type { DecimalForm } from '../messages/logical-types.ts';
import { DECIMAL_DIGITS } from '../messages/record-columns.ts';
import { duckdbApi } from './duckdb-api.ts';
import type { FewTexts } from './duckdb-few-texts.ts';
import {
  type Buffers,
  CHUNK_ROWS,
  type ColumnKind,
  columnBuffers,
  fill,
  forgetMarks,
  type Source,
  WIDTHS,
} from './duckdb-fill.ts';
import type { Where } from './store.ts';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The field of an event that the column holds, or a place (table.ts), which says where the event lies. */
  readonly from: string;
  readonly nullable?: true;
  /** The column holds the number that stands for the field's text. */
  readonly few?: true;
  /** Digits of a decimal; absent for another kind. */
  readonly decimal?: DecimalForm;
  /** The field is one of the second event of the row. */
  readonly second?: true;
}

const { BIGINT, BLOB, BOOLEAN, DATE, DECIMAL, DOUBLE, INTEGER, TIMESTAMP, VARCHAR } = duckdbApi;
const DUCKDB_TYPES: Readonly<Record<Exclude<ColumnKind, 'decimal'>, DuckDBType>> = {
  long: BIGINT,
  int: INTEGER,
  double: DOUBLE,
  boolean: BOOLEAN,
  instant: TIMESTAMP,
  date: DATE,
  text: VARCHAR,
  bytes: BLOB,
};

function typeOf({ kind, decimal }: Column): DuckDBType {
  return kind === 'decimal' ? DECIMAL(decimal?.precision ?? DECIMAL_DIGITS, decimal?.scale ?? 0) : DUCKDB_TYPES[kind];
}

/** The type in which rows are handed over. A decimal of any width has one type, and DuckDB casts it to the table's. */
function chunkType(column: Column): DuckDBType {
  return typeOf({
    ...column,
    ...(column.decimal ? { decimal: { ...column.decimal, precision: DECIMAL_DIGITS } } : {}),
  });
}

/** The SQL of a column. A double may always be null, since a number that is not finite is null. */
export function columnSql(column: Column): string {
  const { name, kind, nullable } = column;
  return `"${name}" ${typeOf(column).toString()}${nullable || kind === 'double' ? '' : ' NOT NULL'}`;
}

export interface TableWriter {
  /** Takes a row for each event, from a row on. Throws when the events lack a field of the table. */
  append(events: Columns, where: Where, fromRow?: number): void;
  /**
   * Takes a row for each event, together with an event of a second type. The second events begin at a row of their own.
   */
  appendPairs(events: Columns, where: Where, second: Columns, secondFromRow: number): void;
  /** Hands all rows to the connection's transaction. */
  flush(): void;
  /** Forgets rows that were not flushed. */
  clear(): void;
}

/** Opens the table's appender; `texts` are for columns of few. The connection must stay open as long as the writer is used. */
export async function createTableWriter(
  connection: DuckDBConnection,
  table: string,
  columns: readonly Column[],
  texts: FewTexts | null,
): Promise<TableWriter> {
  const appender = await connection.createAppender(table);
  const chunk = duckdbApi.DuckDBDataChunk.create(columns.map(chunkType));
  const buffers = columns.map(({ kind }) => columnBuffers(kind));
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

  /** Appends rows. The second event of a row stands `ahead` rows further on than the first. */
  function appendRows(sources: readonly Source[], fromRow: number, count: number, ahead: number): void {
    for (let from = fromRow; from < count; ) {
      if (rows === CHUNK_ROWS) appendChunk();
      const to = Math.min(count, from + CHUNK_ROWS - rows);
      for (let i = 0; i < columns.length; i++) {
        const { kind, second } = columns[i]!;
        const shift = second === true ? ahead : 0;
        fill(buffers[i]!, kind, rows, sources[i]!, from + shift, to + shift);
      }
      rows += to - from;
      from = to;
    }
  }

  return {
    append(events, where, fromRow = 0) {
      const sources = columns.map((column) => sourceOf(events, column, where, texts));
      appendRows(sources, fromRow, events.count, 0);
    },
    appendPairs(events, where, second, secondFromRow) {
      const sources = columns.map((column) => sourceOf(column.second === true ? second : events, column, where, texts));
      appendRows(sources, 0, events.count, secondFromRow);
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

function sourceOf(events: Columns, { from, few }: Column, where: Where, texts: FewTexts | null): Source {
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
  if (column === undefined || (column.kind === 'boxed' && column.decimal === null))
    throw new Error(`Events without the field ${from} can't be projected`);
  return few === true && column.kind === 'text' && texts !== null ? texts.numbersOf(column) : column;
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
