/** Which errors of the stores pass by themselves. Between threads an error keeps its message and nothing else. */
import { messageOf } from '../journal/error.ts';

/**
 * SQLITE_FULL; ENOSPC and EMFILE by strerror or by name; DuckDB's short write; what DuckDB says after any of them, when
 * it must be reopened; and a segment of the journal whose place can't be had.
 */
const PASSING =
  /disk is full|no space left|ENOSPC|EMFILE|ENFILE|too many open files|could not write all bytes|has been invalidated|can't be fetched now/i;

/** Whether an error says that space or descriptors lack, which no restart would bring. */
export function mayPass(error: unknown): boolean {
  return PASSING.test(messageOf(error));
}

/**
 * Whether a store can't be opened. Such an error stays, as for a wrong mode, unless the process has no descriptors
 * left.
 */
export function cannotOpen(error: unknown): boolean {
  return /unable to open|cannot open/i.test(messageOf(error));
}

/** An error that isDamaged() knows as this store's, by its words. */
export function damagedStore(store: string, why: string): Error {
  const known = `The ${store} read model is damaged`;
  return new Error(why.startsWith(known) ? why : `${known}: ${why}. It is rebuilt from the journal`);
}

/** Whether the error says that the file of this store is damaged. */
export function isDamaged(
  { name, damage }: { readonly name: string; readonly damage: RegExp },
  error: unknown,
): boolean {
  if (mayPass(error)) return false;
  const message = messageOf(error);
  return message.startsWith(`The ${name} read model is damaged`) || damage.test(message);
}
