/**
 * Keeps objects of better-sqlite3 from being collected.
 *
 * Its destructors (12.11.1) remove a cleanup hook, for which Node looks up the current context; on Node 24 the collector
 * may run them in a task that has none, and the process aborts (RemoveEnvironmentCleanupHook, env != nullptr). Databases
 * are closed as ever; what stays is their empty shell, a few for each store that was opened.
 */
import type { Database } from 'better-sqlite3';

const kept = new Set<object>();

/** Returns the database, whose statements are kept too: one for each SQL text, prepared once. */
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

/** Its statement would be nobody's, and collected. */
function refusePragma(): never {
  throw new Error('A PRAGMA goes through prepare() or exec(): pragma() makes a statement that is collected');
}
