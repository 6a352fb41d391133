/** How far the operations store has got, read without opening it for good: a witness of the journal. */
import Database from 'better-sqlite3';
import { keepNative } from '../journal/keep-native.ts';

/** Next offset by log; empty when there is no store, or it is damaged and says nothing. */
export function readSqliteOffsets(file: string): ReadonlyMap<string, number> {
  let db: Database.Database | null = null;
  try {
    db = keepNative(new Database(file, { readonly: true, fileMustExist: true }));
    const rows = db.prepare<[], { log: string; next: number }>('SELECT log, next FROM offsets').all();
    return new Map(rows.map(({ log, next }) => [log, next]));
  } catch {
    return new Map();
  } finally {
    db?.close();
  }
}
