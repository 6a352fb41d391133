/** What DuckDB sees in a file at first sight: how CSV is written, and which columns Parquet has. */
import { DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import type { AvroSchema } from '../messages/avro.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { avroOfParquet } from './parquet-avro.ts';

export interface SniffedCsv {
  readonly delimiter: string;
  readonly quote: string;
  readonly hasHeader: boolean;
}

export interface ParquetColumn {
  readonly title: string;
  readonly type: AvroSchema;
  readonly nulls: number;
  readonly distinct: number;
  /**
   * How far a later row lies behind an earlier one at most, in milliseconds, for a column of times; null for another
   * type.
   */
  readonly lagMs: number | null;
}

/** Guesses the form of a CSV file. Throws when DuckDB can't tell. */
export async function sniffCsv(path: string): Promise<SniffedCsv> {
  const [row] = await rowsOf(`SELECT Delimiter, Quote, HasHeader FROM sniff_csv(${quotedText(path)})`);
  const quote = String(row?.Quote);
  return {
    delimiter: String(row?.Delimiter),
    quote: quote.length === 1 ? quote : '"',
    hasHeader: row?.HasHeader === true,
  };
}

export async function parquetColumns(
  path: string,
): Promise<{ readonly rows: number; readonly columns: readonly ParquetColumn[] }> {
  return withConnection(async (connection) => {
    const from = `FROM read_parquet(${quotedText(path)})`;
    const head = await connection.run(`SELECT * ${from} LIMIT 0`);
    const titles = head.columnNames();
    const types = head.columnTypes();
    const isTime = (type: DuckDBType | undefined): boolean => /^TIMESTAMP/.test(String(type));
    const facts = titles.map((title, i) => {
      const lag = isTime(types[i]) ? `max(lag${i})` : 'NULL';
      return `count(*) - count(${quotedName(title)}), approx_count_distinct(${quotedName(title)}), ${lag}`;
    });
    const lags = titles.flatMap((title, i) => {
      if (!isTime(types[i])) return [];
      const ms = `epoch_ms(${quotedName(title)}::TIMESTAMP)`;
      return `max(${ms}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - ${ms} AS lag${i}`;
    });
    const rowsWithLags = `FROM (SELECT ${['*', ...lags].join(', ')} ${from})`;
    const counted = await connection.runAndReadAll(`SELECT count(*), ${facts.join(', ')} ${rowsWithLags}`);
    const [rows = 0, ...values] = (counted.getRows()[0] ?? []).map((value) => (value === null ? null : Number(value)));
    const columns = titles.flatMap((title, i): ParquetColumn[] => {
      const type = types[i];
      const [nulls, distinct, lagMs] = values.slice(3 * i);
      return type === undefined
        ? []
        : [
            {
              title,
              type: avroOfParquet(type, title),
              nulls: nulls ?? 0,
              distinct: distinct ?? 0,
              lagMs: lagMs ?? null,
            },
          ];
    });
    return { rows: rows ?? 0, columns };
  });
}

async function rowsOf(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  return withConnection(async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
}

async function withConnection<T>(
  use: (connection: Awaited<ReturnType<DuckDBInstance['connect']>>) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', autoinstall_known_extensions: 'false' });
  const connection = await instance.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
