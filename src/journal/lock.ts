/**
 * One process a data directory. Node has no flock: an exclusive transaction on a small SQLite file does it, and the
 * operating system frees it the moment its process is gone, killed or not. Local file systems only.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { JournalError, messageOf } from './error.ts';
import { keepNative } from './keep-native.ts';

const LOCK_FILE = 'LOCK.db';
/** It is there while logs are put in the place of others: until all of them are, the journal is neither the old one nor the new. */
export const EXCHANGE_NOTE = 'EXCHANGE.json';

/**
 * Takes the lock and returns its release, which may be called again. Throws a JournalError when another process has it, or
 * logs were left half exchanged.
 */
export function lockDirectory(directory: string): () => void {
  const unlock = lockExchanged(directory);
  if (!existsSync(join(directory, EXCHANGE_NOTE))) return unlock;
  unlock();
  throw new JournalError(
    { kind: 'in-use', directory },
    `${directory} is half of what it was and half of what is promoted: a \`millrace promote\` was interrupted. Run it again, ` +
      'as it was; it ends what it began. No event is lost.',
  );
}

/** The same for who ends the exchange of logs. */
export function lockExchanged(directory: string): () => void {
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
