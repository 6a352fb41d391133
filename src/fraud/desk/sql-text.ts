/** An untrusted text in a statement of SQLite: written in hexadecimal, so that no character of it is SQL. */
export function sqlText(text: string): string {
  return `CAST(x'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`;
}
