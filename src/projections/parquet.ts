/** Rows of a Parquet file as JSON, read by DuckDB: the one engine here that knows the format. */
import { DuckDBInstance } from '@duckdb/node-api';
import { sqlText } from './duckdb-schema.ts';

export interface ParquetRows {
  /** A JSON object a row; an instant is in epoch milliseconds. */
  readonly events: readonly string[];
  /** By title: a number a row, 0 where it is null. */
  readonly numbers: ReadonlyMap<string, readonly number[]>;
}

export interface ParquetFile {
  /** Its columns, in the order of the file. */
  readonly titles: readonly string[];
  /** The rows in the order of the file, some at a time: some columns renamed in JSON, others, if it has them, as numbers. */
  rows(nameOfTitle: ReadonlyMap<string, string>, numbers: readonly string[]): AsyncGenerator<ParquetRows>;
  close(): void;
}

/** Throws when the file is missing or is not Parquet. */
export async function openParquet(path: string): Promise<ParquetFile> {
  // One thread keeps the rows in order; the extension is part of the library, so nothing is fetched.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', autoinstall_known_extensions: 'false' });
  const connection = await instance.connect();
  const from = `FROM read_parquet(${sqlText(path)})`;
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * ${from}`);
    const types = new Map(
      described.getRowObjectsJson().map(({ column_name: name, column_type: type }) => [String(name), String(type)]),
    );
    return {
      titles: [...types.keys()],
      async *rows(nameOfTitle, wanted) {
        const fields = [...nameOfTitle].map(([title, name]) => {
          const column = sqlName(title);
          const isInstant = types.get(title)?.startsWith('TIMESTAMP') === true;
          return `${sqlText(name)}: ${isInstant ? `epoch_ms(${column})` : column}`;
        });
        const numbers = wanted.filter((title) => types.has(title));
        const selected = [
          `to_json({${fields.join(', ')}})::VARCHAR`,
          ...numbers.map((title) => `coalesce(${sqlName(title)}, 0)::DOUBLE`),
        ];
        const result = await connection.stream(`SELECT ${selected.join(', ')} ${from}`);
        for (;;) {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) return;
          yield {
            events: chunk.getColumnValues(0).map(String),
            numbers: new Map(numbers.map((title, i) => [title, chunk.getColumnValues(i + 1).map(Number)])),
          };
        }
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
