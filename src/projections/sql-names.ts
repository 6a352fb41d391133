/** Names in SQL, of either store. */

/** Told from words and functions of SQL, whatever characters it has. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
