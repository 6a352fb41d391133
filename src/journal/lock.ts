/**
 * One process a data directory. Node has no flock: an exclusive transaction on a small SQLite file does it, and the
 * operating system frees it the moment its process is gone, killed or not. Local file systems only.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { JournalError, messageOf } from './error.ts';
import { keepNative } from './keep-native.ts';

const LOCK_FILE = 'LOCK.db';

/** Takes the lock and returns its release, which may be called again. Throws a JournalError when another process has it. */
export function lockDirectory(directory: string): () => void {
  let db: Database.Database | null = null;
  try {
    db = keepNative(new Database(join(directory, LOCK_FILE), { timeout: 250 }));
    db.exec('BEGIN EXCLUSIVE');
    const held = db;
    return () => {
      if (!held.open) return;
      held.exec('ROLLBACK');
      held.close();
    };
  } catch (error) {
    db?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new JournalError(
        { kind: 'in-use', directory },
        `${directory} is in use by another millrace process. Stop that one, or choose another directory with --data.`,
        error,
      );
    }
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_NOTADB') {
      throw new JournalError(
        { kind: 'not-writable', directory },
        `${join(directory, LOCK_FILE)} is damaged. It holds nothing but the lock: make sure that no other millrace process ` +
          'uses the directory, delete the file and start again.',
        error,
      );
    }
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_FULL') {
      throw new JournalError(
        { kind: 'not-writable', directory },
        `The disk of ${directory} is full. Nothing that was acknowledged is lost. Free some space and start again.`,
        error,
      );
    }
    throw new JournalError(
      { kind: 'not-writable', directory },
      `${directory} can't be written (${messageOf(error)}). ` +
        'Check its owner and mode, or choose another directory with --data.',
      error,
    );
  }
}
