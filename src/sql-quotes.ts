/**
 * Names and texts inside SQL, each quote doubled, as standard SQL has it: SQLite, DuckDB, PostgreSQL, Trino and Snowflake
 * read them the same.
 */

/** A column, table or schema, whatever characters it has: it is never read as a word or function of SQL. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A text for SQLite in hexadecimal: a NUL ends a quoted text there, and no character of this one is SQL. */
export function hexText(text: string): string {
  return `CAST(x'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`;
}
