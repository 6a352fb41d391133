/** What a Parquet file has, as its own schema and its values say. */
import { type ParquetColumn, parquetColumns } from '../projections/sniff.ts';
import type { Found, FoundField, FoundTime } from './stream-draft.ts';

export async function parquetFile(path: string): Promise<Found> {
  const { rows, columns } = await parquetColumns(path);
  return {
    fields: columns.map((column) => fieldOf(column, rows)),
    records: rows,
    misfits: 0,
    format: {},
    timesIn: null,
    canRename: false,
  };
}

function fieldOf({ title, type, nulls, distinct, lagMs }: ParquetColumn, rows: number): FoundField {
  const time: FoundTime | null = lagMs === null ? null : { format: {}, lagMs, isGuess: false };
  return { title, type, isNullable: nulls > 0, distinct, values: rows - nulls, time };
}
