/**
 * Rows of a table or a query in the order of some columns, some at a time. Each page begins after the values that ended
 * the page before. Rows that are equal in all of these columns are in one page.
 */
import type { PgSession } from '../../postgres/session.ts';
import { jsonOf, type TextForm, textForms } from '../../postgres/text-json.ts';
import { quotedName } from '../../sql-quotes.ts';

export interface ReadTable {
  /** What stands in FROM: a table, or a query in brackets. */
  readonly from: string;
  readonly columns: readonly { readonly field: string; readonly column: string }[];
  /** Fields whose values stay texts, whatever their columns are. */
  readonly texts: ReadonlySet<string>;
  readonly order: readonly string[];
}

export interface Page {
  /** Each as the JSON of an event. */
  readonly rows: readonly string[];
  /** Of the last one, in the columns of the order. */
  readonly last: readonly string[];
}

/** A row of nulls in the order would never be behind another. */
const NOT_NULL = (order: readonly string[]): string => order.map((name) => `${name} IS NOT NULL`).join(' AND ');

/** The largest values in the order; null for no row. */
export async function lastValues(session: PgSession, { from, order }: ReadTable): Promise<readonly string[] | null> {
  const names = order.map((name) => `r.${quotedName(name)}`);
  const down = names.map((name) => `${name} DESC`).join(', ');
  const texts = names.map((name, i) => `${name}::text AS o${i}`).join(', ');
  const [row] = await session.rows(`SELECT ${texts} FROM ${from} r WHERE ${NOT_NULL(names)} ORDER BY ${down} LIMIT 1`);
  return row === undefined ? null : names.map((_, i) => String(row[`o${i}`]));
}

export type RowJson = (texts: readonly (string | null)[]) => string;

/** Rows behind `after` (empty: from the first one) and up to `upTo` (null: to the last one). Null when there is none. */
export async function readPage(
  session: PgSession,
  table: ReadTable,
  range: { readonly after: readonly string[]; readonly upTo: readonly string[] | null; readonly rows: number },
): Promise<Page | null> {
  const names = table.order.map((name) => `r.${quotedName(name)}`);
  const values = table.columns.map(({ column }) => `r.${quotedName(column)}`);
  const parameters: string[] = [];
  const tuple = (texts: readonly string[]): string =>
    `(${texts.map((text) => `$${parameters.push(text)}`).join(', ')})`;
  const conditions = [NOT_NULL(names)];
  if (range.after.length > 0) conditions.push(`(${names.join(', ')}) > ${tuple(range.after)}`);
  if (range.upTo !== null) conditions.push(`(${names.join(', ')}) <= ${tuple(range.upTo)}`);
  const chosen = [
    ...values.map((name, i) => `${name}::text AS c${i}`),
    ...names.map((name, i) => `${name}::text AS o${i}`),
    // A type is known by its number, of a query too.
    ...values.map((name, i) => `pg_catalog.pg_typeof(${name})::oid AS t${i}`),
  ].join(', ');
  const rows = await session.rows(
    `SELECT ${chosen} FROM ${table.from} r WHERE ${conditions.join(' AND ')}
     ORDER BY ${names.join(', ')} FETCH FIRST ${range.rows} ROWS WITH TIES`,
    parameters,
  );
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return null;
  const oids = values.map((_, i) => Number(first[`t${i}`]));
  const json = rowJson(table, oids, await textForms(session.rows, oids));
  return {
    rows: rows.map((row) =>
      json(
        values.map((_, i) => {
          const text = row[`c${i}`];
          return typeof text === 'string' ? text : null;
        }),
      ),
    ),
    last: names.map((_, i) => String(last[`o${i}`])),
  };
}

/** Rows of texts in the order of `columns` as JSON, by the types of the columns. */
export function rowJson(
  { columns, texts }: Pick<ReadTable, 'columns' | 'texts'>,
  oids: readonly number[],
  forms: ReadonlyMap<number, TextForm>,
): RowJson {
  const fields = columns.map(({ field }, i): { readonly start: string; readonly form: TextForm } => ({
    start: `${i === 0 ? '{' : ','}${JSON.stringify(field)}:`,
    form: texts.has(field) ? 'text' : (forms.get(oids[i] ?? 0) ?? 'text'),
  }));
  return (row) => {
    let json = fields.length === 0 ? '{' : '';
    for (const [i, { start, form }] of fields.entries()) {
      const text = row[i] ?? null;
      json += start + (text === null ? 'null' : jsonOf(text, form));
    }
    return `${json}}`;
  };
}
