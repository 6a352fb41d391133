/** Places that a fetch is about, as a table of texts and numbers: the columns are what `{place.…}` may name. */
import type { Place } from './declared-fetch.ts';

/** The places of CSV records, the first of which names the columns. Numbers are read where every cell of a column is one. */
export function placesOf(records: readonly (readonly string[])[]): Place[] {
  const [header = [], ...rows] = records;
  const numeric = header.map((_, column) => rows.every((row) => isNumber(row[column])));
  return rows.map((row) =>
    Object.fromEntries(
      header.map((name, column): [string, string | number | null] => {
        const cell = row[column] ?? '';
        if (cell === '') return [name, null];
        return [name, numeric[column] === true ? Number(cell) : cell];
      }),
    ),
  );
}

function isNumber(cell: string | undefined): boolean {
  return cell === undefined || cell === '' || (/^-?\d+(\.\d+)?$/.test(cell) && !/^-?0\d/.test(cell));
}
