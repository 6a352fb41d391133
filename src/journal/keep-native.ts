/**
 * Keeps objects of better-sqlite3 from being collected.
 *
 * Their destructors (12.11.1) remove a cleanup hook, for which Node looks up the current context. On Node 24 the collector
 * may run a destructor in a task without a context, and the process aborts (RemoveEnvironmentCleanupHook, env != nullptr).
 * Databases are closed as ever; only their empty shells stay, a few for each store that was opened.
 */
import type { Database } from 'better-sqlite3';

const kept = new Set<object>();

/** Returns the database. It also keeps its statements, one for each SQL text, and prepares each once. */
export function keepNative(db: Database): Database {
  kept.add(db);
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  const prepare = db.prepare.bind(db);
  const prepareOnce = (sql: string): ReturnType<Database['prepare']> => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    kept.add(statement);
    return statement;
  };
  Object.defineProperty(db, 'prepare', { value: prepareOnce });
  Object.defineProperty(db, 'pragma', { value: refusePragma });
  return db;
}

/** A pragma's statement would be collected, since nobody keeps it. */
function refusePragma(): never {
  throw new Error('A PRAGMA goes through prepare() or exec(): pragma() makes a statement that is collected');
}
