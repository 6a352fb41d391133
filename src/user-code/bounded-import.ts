/**
 * Imports a module of a user, and ends that when it takes too long. V8 can be told to end only what runs in a script with a
 * timeout (node:vm), so the import is called by one; what the import calls is ended with it.
 */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { hasCode } from '../error-code.ts';

/** Far longer than modules take whose top level only declares. */
const IMPORT_MS = 10_000;

/** The script finds its import here: it takes no arguments. */
const IMPORT = Symbol.for('millrace.import');
const script = new Script(`globalThis[Symbol.for('${IMPORT.description}')]()`);

export class ImportTimeout extends Error {}

/** By path, modules whose import was ended. Node keeps what they were then, so they are not tried again in this process. */
const ended = new Map<string, ImportTimeout>();

/** Throws an ImportTimeout, or what the module throws. */
export function importWithin(path: string, boundMs = IMPORT_MS): unknown {
  const before = ended.get(path);
  if (before !== undefined) throw before;
  let imported: unknown;
  Reflect.set(globalThis, IMPORT, () => {
    imported = createRequire(path)(path);
  });
  try {
    script.runInThisContext({ timeout: boundMs, displayErrors: false });
  } catch (error) {
    if (!hasCode(error, 'ERR_SCRIPT_EXECUTION_TIMEOUT')) throw error;
    const timeout = new ImportTimeout(
      `${path} was not imported within ${boundMs / 1000} s: what stands at its top level does not end`,
    );
    ended.set(path, timeout);
    throw timeout;
  } finally {
    Reflect.deleteProperty(globalThis, IMPORT);
  }
  return imported;
}
