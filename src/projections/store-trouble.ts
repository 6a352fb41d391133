/** Which errors of the stores pass by themselves. Between threads an error keeps its message and nothing else. */
import { messageOf } from '../journal/error.ts';
import type { StoreName } from './store.ts';

/**
 * SQLITE_FULL; ENOSPC and EMFILE by strerror or by name; DuckDB's short write; and DuckDB after any of them, which must
 * be reopened.
 */
const PASSING =
  /disk is full|no space left|ENOSPC|EMFILE|ENFILE|too many open files|could not write all bytes|has been invalidated/i;

/** Whether the stores lack space or descriptors, which no restart would bring. */
export function mayPass(error: unknown): boolean {
  return PASSING.test(messageOf(error));
}

/** Whether a store can't be opened: by itself an error for good, such as a wrong mode; in a process without descriptors not. */
export function cannotOpen(error: unknown): boolean {
  return /unable to open|cannot open/i.test(messageOf(error));
}

/** What each store says of a file that is not what it wrote. Neither has a code for it that crosses a process. */
const DAMAGE: Readonly<Record<StoreName, RegExp>> = {
  sqlite: /database disk image is malformed|file is not a database/i,
  duckdb:
    /corrupt\w* database|not match stored checksum|could not read enough bytes|serialization error|failed to deserialize|internal error/i,
};

/** An error by whose words damagedBy() knows the store. */
export function damagedStore(store: StoreName, why: string): Error {
  const known = `The ${store} read model is damaged`;
  return new Error(why.startsWith(known) ? why : `${known}: ${why}. It is rebuilt from the journal`);
}

/** The store whose file is damaged, if that is what the error says. */
export function damagedBy(error: unknown): StoreName | null {
  const message = messageOf(error);
  if (mayPass(error)) return null;
  const names: readonly StoreName[] = ['sqlite', 'duckdb'];
  return (
    names.find((name) => message.startsWith(`The ${name} read model is damaged`)) ??
    names.find((name) => DAMAGE[name].test(message)) ??
    null
  );
}
