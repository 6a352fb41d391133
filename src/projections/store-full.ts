/** How the stores say that the disk is full. Between threads an error keeps its message and nothing else. */
import { messageOf } from '../journal/error.ts';

/** SQLITE_FULL; ENOSPC by strerror or by name; DuckDB's short write; and DuckDB after either, which must be reopened. */
const FULL = /disk is full|no space left|ENOSPC|could not write all bytes|has been invalidated/i;

export function isStoreFull(error: unknown): boolean {
  return FULL.test(messageOf(error));
}
