/** How many of everything the stores hold: of all time, whichever process took it in. */
import type { Row } from './store.ts';
import type { Table } from './table.ts';

/** Numbers of rows, by what the entries of the tables count them as. Events of declared streams are `events` too. */
export type Totals = Readonly<Record<string, number>>;

/** Counts the rows of these tables of one store; `declared` are the tables of declared streams. */
export async function countRows(
  query: (sql: string) => Promise<readonly Row[]>,
  tables: readonly Table[],
  declared: readonly string[],
): Promise<Totals> {
  const counts = new Map<string, string[]>();
  const add = (name: string, table: string, where?: string): void => {
    const sql = `(SELECT count(*) FROM "${table}"${where === undefined ? '' : ` WHERE ${where}`})`;
    counts.set(name, [...(counts.get(name) ?? []), sql]);
  };
  for (const { name, counts: counted } of tables) if (counted !== undefined) add(counted.as, name, counted.where);
  for (const name of declared) add('events', name);
  if (counts.size === 0) return {};
  const [row = {}] = await query(
    `SELECT ${[...counts].map(([name, parts]) => `${parts.join(' + ')} AS "${name}"`).join(', ')}`,
  );
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
}
