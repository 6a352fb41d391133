/** Events as CSV (RFC 4180), in the form in which an input takes them: docs/formats.md. */
import type { AvroRecord } from './avro.ts';
import type { Columns } from './columns.ts';
import { type CellValue, cellAt, type RecordColumn, recordColumns } from './record-columns.ts';

export interface CsvWriter {
  readonly header: string;
  /** One line, with its end. */
  line(events: Columns, row: number): string;
}

/** Throws, naming the field, when a field's values are no cells: lists, maps, records and bytes. */
export function createCsvWriter(schema: AvroRecord): CsvWriter {
  const columns = recordColumns(schema);
  const nested = columns.find(({ path, kind }) => path.includes('.') || kind === 'json' || kind === 'bytes');
  if (nested !== undefined) {
    const [field] = nested.path.split('.');
    const what = nested.path.includes('.')
      ? 'a record'
      : nested.kind === 'bytes'
        ? 'bytes'
        : 'a list, a map or a union';
    throw new Error(`the field ${field} is ${what}, which a cell of CSV can't hold; write .jsonl, .avro or .parquet`);
  }
  const writers = columns.map(cellWriter);
  return {
    header: `${columns.map(({ path }) => quotedCell(path)).join(',')}\n`,
    line: (events, row) => `${writers.map((write) => write(events, row)).join(',')}\n`,
  };
}

function cellWriter(column: RecordColumn): (events: Columns, row: number) => string {
  const write = textOf(column);
  return (events, row) => {
    const value = cellAt(events, column, row);
    return value === null ? '' : write(value);
  };
}

function textOf({ kind }: RecordColumn): (value: CellValue) => string {
  switch (kind) {
    case 'instant':
      return (value) => isoTime(Number(value));
    case 'date':
      return (value) => isoTime(Number(value) * DAY_MS).slice(0, -'T00:00:00.000Z'.length);
    case 'boolean':
      return (value) => (Number(value) === 1 ? 'true' : 'false');
    case 'text':
      return (value) => quotedCell(String(value));
    default:
      return String;
  }
}

const DAY_MS = 86_400_000;

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A text that is empty, or that a reader might trim, keeps its quotes. */
function quotedCell(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
