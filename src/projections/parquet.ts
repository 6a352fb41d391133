/**
 * Rows of a Parquet file as events of a schema, read by DuckDB, the one engine here that knows the format, as columns of its
 * own types. What each becomes in its field is the table in parquet-columns.ts.
 */
import { type DuckDBDataChunk, DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import type { AvroRecord } from '../messages/avro.ts';
import { defaultOf } from '../messages/avro-default.ts';
import { type FieldType, recordType, typeText } from '../messages/avro-schema.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { createInstantParser } from '../messages/instant.ts';
import { isNoKey, reader } from '../messages/json-fields.ts';
import { FAILED, fail, pathText, type Read, type RejectReason, type Report } from '../messages/refusal.ts';
import { fieldOfTitle, isLabel, unknownTitle } from '../messages/titles.ts';
import { sqlText } from './duckdb-schema.ts';
import { type Convert, converter } from './parquet-columns.ts';
import { jsonWriter, type WriteJson } from './parquet-json.ts';
import { type ExactFile, exactNanos } from './parquet-nanos.ts';

export type ParquetRow =
  | { readonly ok: true; readonly event: DynamicEvent; readonly fraud: boolean; readonly scenario: number }
  | { readonly ok: false; readonly reason: RejectReason; readonly detail: string };

export interface ParquetRows {
  readonly rows: readonly ParquetRow[];
  /** A row as JSON. */
  raw(row: number): Buffer;
}

export interface ParquetFile {
  /** In the order of the file, some at a time. */
  rows(): AsyncGenerator<ParquetRows>;
  close(): void;
}

interface Column {
  readonly title: string;
  readonly field: FieldType;
  readonly isKey: boolean;
  readonly convert: Convert;
  readonly read: Read;
  readonly json: WriteJson;
  /** What stands before its value in a row's JSON. */
  readonly prefix: string;
}

/**
 * Throws when the file is missing or is not Parquet, and when a column is of no field or can't be converted to its type, or a
 * field has no column and no default.
 */
export async function openParquet(path: string, schema: AvroRecord, keyField: string): Promise<ParquetFile> {
  // One thread keeps the rows in order; the extension is part of the library, so nothing is fetched.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', autoinstall_known_extensions: 'false' });
  const connection = await instance.connect();
  let exact: ExactFile | null = null;
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
    exact?.close();
  };
  try {
    const head = await connection.run(`SELECT * FROM read_parquet(${sqlText(path)}) LIMIT 0`);
    const titles = head.columnNames();
    const report: Report = { reason: 'wrong-type', problem: '', path: [], depth: 0 };
    const columns = columnsOf(schema, keyField, titles, head.columnTypes(), report);
    const template = templateOf(schema, columns);
    const labels = titles.filter((title) => !columns.some((column) => column.title === title));
    const selected = [
      ...columns.map(({ title }) => sqlName(title)),
      ...labels.map((title) => `coalesce(${sqlName(title)}, 0)::DOUBLE`),
    ];
    exact = await exactNanos(connection, path);
    const select = `SELECT ${selected.join(', ')} FROM read_parquet(${sqlText(exact.path)})`;
    return {
      async *rows() {
        const result = await connection.stream(select);
        for (;;) {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) return;
          const label = (title: string) => {
            const at = labels.indexOf(title);
            return at < 0 ? null : chunk.getColumnValues(columns.length + at);
          };
          yield rowsOf(chunk, columns, template, report, label('fraud'), label('scenario'));
        }
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function columnsOf(
  schema: AvroRecord,
  keyField: string,
  titles: readonly string[],
  types: readonly DuckDBType[],
  report: Report,
): Column[] {
  const { fields } = recordType(schema);
  const scope = { report, instants: createInstantParser(), records: new Map() };
  const columns: Column[] = [];
  for (const [i, title] of titles.entries()) {
    const field = fieldOfTitle(fields, title);
    const type = types[i];
    if (field === null || type === undefined) {
      if (isLabel(schema, title)) continue;
      throw new Error(unknownTitle(schema, title));
    }
    const convert = converter(type, field.type, report);
    if (convert === null) {
      const wanted = `the field ${field.name} is ${typeText(field.type)}`;
      throw new Error(`the column ${title} is ${type.toString()}, which has no exact form where ${wanted}`);
    }
    const read = reader(field.type, scope);
    columns.push({
      title,
      field,
      isKey: field.name === keyField,
      convert,
      read,
      json: jsonWriter(field.type),
      prefix: prefixOf(field.name, columns.length),
    });
  }
  if (new Set(columns.map(({ field }) => field)).size < columns.length) {
    throw new Error('two of its columns are the same field');
  }
  return columns;
}

function prefixOf(name: string, before: number): string {
  return `${before === 0 ? '' : ','}${JSON.stringify(name)}:`;
}

/** What every event begins as: the schema's defaults, and a place for each column. */
function templateOf(schema: AvroRecord, columns: readonly Column[]): DynamicEvent {
  return Object.fromEntries(
    recordType(schema).fields.map((field) => {
      const isThere = columns.some((column) => column.field.name === field.name);
      if (!isThere && !field.hasDefault)
        throw new Error(`there is no column for the field ${field.name} of ${schema.name}`);
      return [field.name, field.hasDefault ? defaultOf(field) : null];
    }),
  );
}

function rowsOf(
  chunk: DuckDBDataChunk,
  columns: readonly Column[],
  template: DynamicEvent,
  report: Report,
  fraud: readonly unknown[] | null,
  scenario: readonly unknown[] | null,
): ParquetRows {
  const count = chunk.rowCount;
  const vectors = columns.map((_, i) => chunk.getColumnVector(i));
  const events = Array.from({ length: count }, (): Record<string, unknown> => ({ ...template }));
  const refused = new Map<number, ParquetRow>();
  for (const [i, { field, isKey, convert, read }] of columns.entries()) {
    const vector = vectors[i]!;
    const { name } = field;
    for (let row = 0; row < count; row++) {
      const value = vector.getItem(row);
      const converted = value === null ? null : convert(value);
      let result = converted === FAILED ? FAILED : isKey && converted === null ? null : read(converted);
      if (isKey && result !== FAILED && isNoKey(result)) {
        result = fail(report, 'null-key', `is the key and is ${value === null ? 'null' : 'no finite number'}`);
      }
      if (result !== FAILED) events[row]![name] = result;
      else if (!refused.has(row)) {
        const detail = `${pathText([name, ...report.path])} ${report.problem}`;
        refused.set(row, { ok: false, reason: report.reason, detail });
      }
    }
  }
  return {
    rows: events.map((event, row) => {
      return refused.get(row) ?? { ok: true, event, fraud: fraud?.[row] === 1, scenario: Number(scenario?.[row] ?? 0) };
    }),
    raw(row) {
      const event = refused.has(row) ? null : events[row]!;
      let text = '{';
      for (const [i, { field, prefix, json }] of columns.entries()) {
        // A number or text of an event is in a form that the reader of JSON takes, and is at hand.
        text += `${prefix}${plainJson(event?.[field.name]) ?? json(vectors[i]!.getItem(row))}`;
      }
      return Buffer.from(`${text}}`);
    },
  };
}

function plainJson(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  return typeof value === 'string' ? JSON.stringify(value) : null;
}

function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
