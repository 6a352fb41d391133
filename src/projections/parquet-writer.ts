/**
 * Writes events as a Parquet file, by DuckDB: rows gather in a database of their own beside the file, so that memory holds
 * some of them only, and become the file at the end. A file of that name is there once it is whole.
 */
import { renameSync, rmSync } from 'node:fs';
import type { AvroRecord, AvroSchema } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { type RecordColumn, recordColumns, withColumns } from '../messages/record-columns.ts';
import { sqlOfAvro } from '../sql/avro-type.ts';
import { type SqlType, typeText } from '../sql/type.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { duckdbApi } from './duckdb-api.ts';
import { columnSql, createTableWriter } from './duckdb-columns.ts';
import { FEW_TEXTS_SQL, openFewTexts } from './duckdb-few-texts.ts';
import { fieldsSql } from './duckdb-named-views.ts';
import { columnOf } from './duckdb-streams.ts';

export interface ParquetWriter {
  append(events: Columns): void;
  /** Makes the file of all rows. It replaces a file that is there. */
  finish(): Promise<void>;
  /** Removes what finish() has not made a file of. */
  close(): void;
}

const MEMORY_LIMIT = '512MiB';
/** These rows do not say where their events lie. */
const NOWHERE = { log: '', stream: '', partition: 0, committedAt: 0, firstOffset: 0 };

/** A writer of a Parquet file. Throws when the file's folder can't be written to. */
export async function openParquetWriter(path: string, schema: AvroRecord): Promise<ParquetWriter> {
  const [database, unfinished] = [`${path}.rows.tmp`, `${path}.tmp`];
  const remove = (): void => {
    for (const file of [database, `${database}.wal`, unfinished]) rmSync(file, { force: true });
    rmSync(`${database}.tmp`, { recursive: true, force: true });
  };
  remove();
  const instance = await duckdbApi.DuckDBInstance.create(database, {
    memory_limit: MEMORY_LIMIT,
    autoinstall_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const columns = recordColumns(schema);
  // A field of a union or with a default may be null, whatever today's schema says.
  const own = columns.map((column) => columnOf({ ...column, isNullable: true }));
  await connection.run(FEW_TEXTS_SQL);
  await connection.run(`CREATE TABLE rows (${own.map(columnSql).join(', ')})`);
  const writer = await createTableWriter(connection, 'rows', own, await openFewTexts(connection));
  return {
    append: (events) => writer.append(withColumns(events, columns), NOWHERE),
    async finish() {
      writer.flush();
      const fields = fieldsSql(
        columns.map((column) => ({ column: column.path, path: column.path, sql: valueSql(column, schema) })),
      ).map(([field, sql]) => `${sql} AS ${quotedName(field)}`);
      await connection.run(
        `COPY (SELECT ${fields.join(', ')} FROM rows) TO ${quotedText(unfinished)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      renameSync(unfinished, path);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
      remove();
    },
  };
}

/** The value of a field as readers of Parquet expect it: a list as a list, and a time of any unit as a time. */
function valueSql({ path, kind }: RecordColumn, schema: AvroRecord): string {
  const column = quotedName(path);
  const type = typeAt(schema, path.split('.'));
  if (type === null) return column;
  const found = sqlOfAvro(type);
  if (kind === 'json')
    return found !== null && isOfJson(found.type) ? `${column}::JSON::${typeText(found.type)}` : column;
  if (kind !== 'long' || found?.type.kind !== 'timestamp') return column;
  return found.ticksPerMs === 1000 ? `make_timestamp(${column})` : `make_timestamp_ns(${column})`;
}

function typeAt(record: AvroRecord, [name, ...rest]: readonly string[]): AvroSchema | null {
  const type = record.fields.find((field) => field.name === name)?.type;
  if (type === undefined || rest.length === 0) return type ?? null;
  const branches: readonly AvroSchema[] = Array.isArray(type) ? type : [type];
  for (const branch of branches) {
    if (typeof branch === 'object' && 'fields' in branch) return typeAt(branch, rest);
  }
  return null;
}

/** Whether DuckDB reads the type's values from JSON. It does not where JSON has a time as a plain number. */
function isOfJson(type: SqlType): boolean {
  switch (type.kind) {
    case 'list':
      return isOfJson(type.of);
    case 'map':
      return isOfJson(type.values);
    case 'struct':
      return type.fields.every((field) => isOfJson(field.type));
    default:
      return ['boolean', 'bigint', 'double', 'varchar'].includes(type.kind);
  }
}
