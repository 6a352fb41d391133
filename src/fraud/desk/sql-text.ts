/** A text of a stranger in a statement of SQLite: in hexadecimal, whatever is in it. */
export function sqlText(text: string): string {
  return `CAST(x'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`;
}
