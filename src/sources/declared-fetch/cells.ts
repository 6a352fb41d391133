/** The cells of one CSV record, as RFC 4180 has them: quoted where they hold a delimiter, a quote or a line end. */
export function splitCells(record: string): string[] {
  const cells: string[] = [];
  const text = record.replace(/\r$/, '');
  let at = 0;
  for (;;) {
    const quoted = text[at] === '"' ? closingQuote(text, at) : -1;
    const end = text.indexOf(',', quoted < 0 ? at : quoted + 1);
    const cell = text.slice(at, end < 0 ? undefined : end);
    cells.push(
      quoted < 0
        ? cell
        : text.slice(at + 1, quoted).replaceAll('""', '"') + text.slice(quoted + 1, end < 0 ? undefined : end),
    );
    if (end < 0) return cells;
    at = end + 1;
  }
}

/** −1 when the quote is never closed. */
function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
