/** How far the analytics store has got, read without opening it for good: a witness of the journal. */
import { existsSync } from 'node:fs';
import type { DuckDBInstance } from '@duckdb/node-api';
import { duckdbApi } from './duckdb-api.ts';

/** The next offset of each log; empty when there is no store, it is damaged, or another process has it open. */
export async function readDuckdbOffsets(file: string): Promise<ReadonlyMap<string, number>> {
  if (!existsSync(file)) return new Map();
  let instance: DuckDBInstance | null = null;
  try {
    instance = await duckdbApi.DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll('SELECT log, next FROM offsets')).getRows();
    connection.closeSync();
    return new Map(rows.map(([log, next]) => [String(log), Number(next)]));
  } catch {
    return new Map();
  } finally {
    instance?.closeSync();
  }
}
