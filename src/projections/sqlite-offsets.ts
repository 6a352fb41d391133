/** How far the operations store has got, read without opening it for good: a witness of the journal. */
import Database from 'better-sqlite3';
import { keepNative } from '../journal/keep-native.ts';

/**
 * The next offset of each log; empty when there is no store, when it is another directory's, or when it is too damaged
 * to say.
 */
export function readSqliteOffsets(file: string, owner: number | null = null): ReadonlyMap<string, number> {
  let db: Database.Database | null = null;
  try {
    db = keepNative(new Database(file, { readonly: true, fileMustExist: true }));
    // Versions that knew no owners left a 0 there.
    const found = Number(db.prepare('PRAGMA application_id').pluck().get());
    if (owner !== null && found !== 0 && found !== owner) return new Map();
    const rows = db.prepare<[], { log: string; next: number }>('SELECT log, next FROM offsets').all();
    return new Map(rows.map(({ log, next }) => [log, next]));
  } catch {
    return new Map();
  } finally {
    db?.close();
  }
}
