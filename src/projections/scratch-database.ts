/** A database in memory for as long as a question takes: tables filled from events, or a file of Parquet where it lies. */
import { DuckDBInstance } from '@duckdb/node-api';
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { recordColumns, withColumns } from '../messages/record-columns.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { columnSql, createTableWriter } from './duckdb-columns.ts';
import { FEW_TEXTS_SQL, openFewTexts } from './duckdb-few-texts.ts';
import { rowsOf } from './duckdb-reading.ts';
import { schemaColumns } from './duckdb-streams.ts';
import type { Row } from './store.ts';

export interface ScratchDatabase {
  /** Makes a table with a column for each field, and gives what fills it. */
  createTable(name: string, schema: AvroRecord): Promise<ScratchTable>;
  /** Lets no later statement reach a file other than these, nor change a setting. */
  seal(files: readonly string[]): Promise<void>;
  rows(sql: string): Promise<Row[]>;
  close(): void;
}

export interface ScratchTable {
  append(events: Columns): void;
  /** Writes all rows to the table before it returns. */
  end(): void;
}

export async function openScratchDatabase(threads: number): Promise<ScratchDatabase> {
  const settings = { threads: String(threads), autoinstall_known_extensions: 'false' };
  const instance = await DuckDBInstance.create(':memory:', settings);
  const connection = await instance.connect();
  await connection.run(FEW_TEXTS_SQL);
  return {
    async createTable(name, schema) {
      const wanted = recordColumns(schema);
      const columns = schemaColumns(wanted);
      await connection.run(`CREATE TABLE ${quotedName(name)} (${columns.map(columnSql).join(', ')})`);
      const writer = await createTableWriter(connection, name, columns, await openFewTexts(connection));
      const where = { log: '', stream: name, partition: 0, firstOffset: 0, committedAt: 0 };
      return {
        append: (events) => writer.append(withColumns(events, wanted), where),
        end: writer.flush,
      };
    },
    async seal(files) {
      await connection.run(`SET allowed_paths = [${files.map(quotedText).join(', ')}]`);
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
    },
    rows: (sql) => rowsOf(connection, sql),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
