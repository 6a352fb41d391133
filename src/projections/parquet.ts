/**
 * Rows of a Parquet file as events of a schema, read by DuckDB, the one engine here that knows the format, as columns of its
 * own types. What each becomes in its field is the table in parquet-columns.ts.
 */
import { type DuckDBDataChunk, DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import type { AvroRecord } from '../messages/avro.ts';
import { defaultOf } from '../messages/avro-default.ts';
import { type FieldType, recordType, type SchemaType, typeText } from '../messages/avro-schema.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import type { Companion } from '../messages/companion.ts';
import { isNoKey, reader } from '../messages/json-fields.ts';
import { FAILED, fail, pathText, type Read, type RejectReason, type Report } from '../messages/refusal.ts';
import { createTimes } from '../messages/times.ts';
import { fieldOfTitle, isBeside, unknownTitle } from '../messages/titles.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { type Convert, converter } from './parquet-columns.ts';
import { bytesForTexts, copyWithFooter, type FileCopy } from './parquet-footer.ts';
import { jsonWriter, type WriteJson } from './parquet-json.ts';
import { exactNanos } from './parquet-nanos.ts';

export type ParquetRow =
  | { readonly ok: true; readonly event: DynamicEvent; readonly beside: DynamicEvent | null }
  | { readonly ok: false; readonly reason: RejectReason; readonly detail: string };

export interface ParquetRows {
  readonly rows: readonly ParquetRow[];
  /** A row of the file as JSON. */
  raw(row: number): Buffer;
}

export interface ParquetFile {
  /** The rows in the order of the file, some at a time. */
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
  /** What stands before the column's value in a row's JSON. */
  readonly prefix: string;
}

/**
 * Opens a Parquet file as events of a schema. Throws when the file is missing or is not Parquet, when a column has no
 * field or can't be converted to its type, and when a field has neither a column nor a default.
 */
export async function openParquet(
  path: string,
  schema: AvroRecord,
  keyField: string,
  companion: Companion | null = null,
): Promise<ParquetFile> {
  // One thread keeps the rows in order. The extension is part of the library, so nothing is fetched.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', autoinstall_known_extensions: 'false' });
  const connection = await instance.connect();
  const copies: FileCopy[] = [];
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
    for (const copy of copies) copy.close();
  };
  async function planOf(file: string): Promise<Plan> {
    const head = await connection.run(`SELECT * FROM read_parquet(${quotedText(file)}) LIMIT 0`);
    return createPlan(schema, keyField, companion, head.columnNames(), head.columnTypes());
  }
  async function* read(file: string, plan: Plan, given: number): AsyncGenerator<ParquetRows> {
    const from = `FROM read_parquet(${quotedText(file)}) LIMIT ALL OFFSET ${given}`;
    const result = await connection.stream(`SELECT ${plan.selected.join(', ')} ${from}`);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield rowsOf(chunk, plan);
    }
  }
  try {
    const plan = await planOf(path);
    const exact = await exactNanos(connection, path);
    if (exact !== null) copies.push(exact);
    const file = exact?.path ?? path;
    return {
      async *rows() {
        let given = 0;
        try {
          for await (const chunk of read(file, plan, 0)) {
            given += chunk.rows.length;
            yield chunk;
          }
        } catch (error) {
          // One text that is not UTF-8 makes DuckDB give up the whole file. As bytes, each text is judged by itself.
          if (!(error instanceof Error && NOT_UTF8.test(error.message))) throw error;
          const copy = await copyWithFooter(file, bytesForTexts);
          copies.push(copy);
          yield* read(copy.path, await planOf(copy.path), given);
        }
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

const NOT_UTF8 = /not valid UTF-?8/i;

/** What is read of a file, and what becomes of it. */
interface Plan {
  readonly columns: readonly Column[];
  readonly template: DynamicEvent;
  /** Columns of a companion, which stand behind the others. */
  readonly beside: readonly FieldType[];
  readonly selected: readonly string[];
  readonly report: Report;
}

function createPlan(
  schema: AvroRecord,
  keyField: string,
  companion: Companion | null,
  titles: readonly string[],
  types: readonly DuckDBType[],
): Plan {
  const report: Report = { reason: 'wrong-type', problem: '', path: [], depth: 0 };
  const columns = columnsOf(schema, keyField, companion, titles, types, report);
  const others = titles.filter((title) => !columns.some((column) => column.title === title));
  const besideFields = companion === null ? [] : recordType(companion.columns).fields;
  const beside = besideFields.filter(({ name }) => others.includes(name));
  const selected = [
    ...columns.map(({ title }) => quotedName(title)),
    ...beside.map(({ name, type }) => `TRY_CAST(${quotedName(name)} AS ${sqlType(type)})`),
  ];
  return { columns, template: templateOf(schema, columns), beside, selected, report };
}

function columnsOf(
  schema: AvroRecord,
  keyField: string,
  companion: Companion | null,
  titles: readonly string[],
  types: readonly DuckDBType[],
  report: Report,
): Column[] {
  const { fields } = recordType(schema);
  const scope = { report, times: createTimes(), records: new Map() };
  const columns: Column[] = [];
  for (const [i, title] of titles.entries()) {
    const field = fieldOfTitle(fields, title);
    const type = types[i];
    if (field === null || type === undefined) {
      if (isBeside(companion, title)) continue;
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

/** The event before its values are filled in: the schema's defaults, and a place for each column. */
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

function rowsOf(chunk: DuckDBDataChunk, { columns, template, beside, report }: Plan): ParquetRows {
  const besideValues = beside.map((_, i) => chunk.getColumnValues(columns.length + i));
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
      const other = beside.map((field, i) => [field.name, besideValues[i]?.[row] ?? defaultOf(field)]);
      return refused.get(row) ?? { ok: true, event, beside: other.length === 0 ? null : Object.fromEntries(other) };
    }),
    raw(row) {
      const event = refused.has(row) ? null : events[row]!;
      let text = '{';
      for (const [i, { field, prefix, json }] of columns.entries()) {
        // The number or text of an event is already in a form that the reader of JSON takes.
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

/** The type that a companion's column is read as. A value of another type counts as absent. */
function sqlType({ kind }: SchemaType): string {
  if (kind === 'boolean') return 'BOOLEAN';
  return kind === 'string' ? 'VARCHAR' : 'DOUBLE';
}
