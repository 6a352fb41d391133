/**
 * Pages of what a pipeline derives (results of windows, of joins, and late events), newest first, by name, key and time.
 *
 * A page costs what it holds and not what the tables hold: a first query finds how far back about as many rows go as a page
 * has, and only those are sorted, deduplicated and made text. The cursor is the place of the last row in one total order,
 * so rows that come meanwhile move none from one page to another.
 */

import { quotedText } from '../sql-quotes.ts';
import { aggregatesSql, newestSql, type WindowShape, windowTable } from './duckdb-schema.ts';
import type { Row } from './store.ts';

export type ResultKind = 'windows' | 'joins' | 'late_events';

export type KeyFilter =
  | { readonly kind: 'is' | 'beginsWith'; readonly text: string }
  /** Results of one group over all, or of events whose key is null. */
  | { readonly kind: 'isNull' };

export interface ResultQuery {
  readonly of: ResultKind;
  /** The window or join whose results are read; null for all. */
  readonly name: string | null;
  /** Null for all keys. */
  readonly key: KeyFilter | null;
  /** From the first time on, before the second: a window's start, or the time of a late event or a join; null: open. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Whether a page has only the newest result of each window, key and start, or also the results that it replaced. */
  readonly revisions: 'newest' | 'all';
  readonly after: ResultPlace | null;
  /** From 1 to MAX_PAGE_ROWS. */
  readonly limit: number;
}

/** Where a row stands in the order of results. */
export type ResultPlace = readonly [
  at: number,
  name: string,
  hasKey: boolean,
  keyHead: string,
  end: number,
  revision: number,
  row: number,
];

export interface ResultPage {
  readonly rows: readonly Row[];
  /** Where the next page goes on; null when nothing is left. */
  readonly next: ResultPlace | null;
}

export const MAX_PAGE_ROWS = 5_000;

/** The columns of each kind, as the API names them. */
export const RESULT_COLUMNS: Readonly<Record<ResultKind, readonly string[]>> = {
  windows: ['window', 'key', 'start_at', 'end_at', 'revision', 'count', 'aggregates'],
  joins: ['join', 'key', 'joined_at', 'left_event', 'right_event'],
  late_events: ['window', 'key', 'occurred_at', 'lateness_ms', 'windows_lost', 'event'],
};

/** The order uses so many characters of a key. Keys with the same beginning are told apart by their rows. */
const KEY_HEAD = 100;
/** A page may need to read more rows than it has, because replaced results are among them. */
const ROWS_A_RESULT = 4;

type Query = (sql: string) => Promise<readonly Row[]>;

/** A table that has results. */
interface Source {
  readonly table: string;
  /** The name of the window or join, as an SQL expression. */
  readonly name: string;
  readonly at: string;
  readonly end: string;
  readonly revision: string;
  /** The number of a row, which tells apart rows that are alike in all else. Tables only grow, so a row keeps it. */
  readonly row: string;
  /** The columns between `key` and the end, as SQL. */
  readonly rest: string;
  /** How replaced results are left out; null where there are none. */
  readonly shape: Pick<WindowShape, 'kind' | 'name'> | null;
  /** Conditions on name and key, and on time. */
  readonly whose: readonly string[];
  readonly when: readonly string[];
}

/** Throws a RangeError for a limit that is none. */
export async function resultPage(
  query: Query,
  windows: readonly WindowShape[],
  request: ResultQuery,
): Promise<ResultPage> {
  const { limit } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_ROWS)
    throw new RangeError(`limit must be 1 to ${MAX_PAGE_ROWS}, not ${limit}`);
  const sources = sourcesOf(windows, request);
  if (sources.length === 0) return { rows: [], next: null };
  for (let reach = ROWS_A_RESULT * (limit + 1); ; reach *= ROWS_A_RESULT) {
    const bound = await boundOf(query, sources, reach);
    const rows = await query(pageSql(request, sources, bound));
    // Replaced results took more rows than were read, so the page looks further back.
    if (rows.length <= limit && bound !== null) continue;
    const page = rows.slice(0, limit);
    return { rows: page.map(withoutPlace), next: rows.length > limit ? placeOf(page.at(-1)) : null };
  }
}

function sourcesOf(windows: readonly WindowShape[], request: ResultQuery): Source[] {
  const { of, name } = request;
  const named = (column: string): string[] => (name === null ? [] : [`${column} = ${text(name)}`]);
  const source = (parts: Pick<Source, 'table' | 'name' | 'at' | 'rest'> & Partial<Source>): Source => ({
    end: parts.at,
    revision: '0',
    row: 'rowid',
    shape: null,
    ...parts,
    whose: [...(parts.whose ?? []), ...keyFilters(request)],
    when: timeFilters(request, parts.at, parts.name),
  });
  switch (of) {
    case 'joins':
      return [
        source({
          table: 'joins',
          name: 'join_name',
          at: 'joined_at',
          rest: 'epoch_ms(joined_at) AS joined_at, left_event, right_event',
          whose: named('join_name'),
        }),
      ];
    case 'late_events':
      return [
        source({
          table: 'late_events',
          name: 'window_name',
          at: 'occurred_at',
          rest: 'epoch_ms(occurred_at) AS occurred_at, lateness_ms, windows_lost, event',
          whose: named('window_name'),
        }),
      ];
    case 'windows': {
      const result = (aggregates: string): string =>
        `epoch_ms(start_at) AS start_at, epoch_ms(end_at) AS end_at, revision, count, ${aggregates} AS aggregates`;
      const common = { at: 'start_at', end: 'end_at', revision: 'revision' };
      const own = windows.filter((shape) => name === null || shape.name === name);
      return [
        ...own.map((shape) =>
          source({
            ...common,
            table: `"${windowTable(shape)}"`,
            name: text(shape.name),
            rest: result(aggregatesSql(shape)),
            shape,
          }),
        ),
        // The results of windows that are configured no more, or were configured otherwise.
        source({
          ...common,
          table: 'window_parts',
          name: 'window_name',
          row: '-1 - rowid',
          rest: result('aggregates'),
          shape: { kind: 'tumbling', name: '' },
          whose: named('window_name'),
        }),
      ];
    }
  }
}

function keyFilters({ key }: ResultQuery): string[] {
  if (key === null) return [];
  if (key.kind === 'isNull') return ['key IS NULL'];
  return [key.kind === 'is' ? `key = ${text(key.text)}` : `starts_with(key, ${text(key.text)})`];
}

/** Conditions on the time alone, by which most of a table stays unread, and then on the rest of the place. */
function timeFilters({ fromMs, toMs, after }: ResultQuery, at: string, name: string): string[] {
  const filters: string[] = [];
  if (fromMs !== null) filters.push(`${at} >= ${instant(fromMs)}`);
  if (toMs !== null) filters.push(`${at} < ${instant(toMs)}`);
  if (after !== null) {
    filters.push(`${at} <= ${instant(after[0])}`, notBefore(headOfPlace(at, name), values(after.slice(0, 4))));
  }
  return filters;
}

/** All rows down to a time. Of that time only the rows down to a place, or all of them when the place is null. */
interface Bound {
  readonly atMs: number;
  readonly place: readonly (string | number | boolean)[] | null;
}

/** The bound so many rows down from the first; null when there are not so many rows. */
async function boundOf(query: Query, sources: readonly Source[], rows: number): Promise<Bound | null> {
  // The first query orders by time alone, as the tables are ordered. Most of them stays unread.
  const times = sources.map((own) => `SELECT ${own.at} AS moment FROM ${filtered(own, [])}`).join(' UNION ALL ');
  const [oldest] = await query(
    `SELECT epoch_ms(moment) AS at_ms FROM (${times}) ORDER BY moment DESC LIMIT 1 OFFSET ${rows}`,
  );
  if (oldest === undefined) return null;
  const atMs = Number(oldest.at_ms);
  const places = sources.map((own) => {
    const since = filtered(own, [`${own.at} >= ${instant(atMs)}`]);
    return `SELECT ${own.at} AS moment, ${own.name} AS name, ${HAS_KEY} AS has_key, ${HEAD} AS head FROM ${since}`;
  });
  const [last] = await query(`SELECT epoch_ms(moment) AS at_ms, name, has_key, head FROM (${places.join(' UNION ALL ')})
    ORDER BY moment DESC, name, has_key, head LIMIT 1 OFFSET ${rows}`);
  if (last === undefined) return { atMs, place: null };
  return { atMs, place: [Number(last.at_ms), String(last.name), last.has_key === true, String(last.head)] };
}

const HAS_KEY = '(key IS NOT NULL)';
const HEAD = `left(coalesce(key, ''), ${KEY_HEAD})`;

/** What several revisions of a window have in common. */
function headOfPlace(at: string, name: string): string[] {
  return [`-epoch_ms(${at})`, name, HAS_KEY, HEAD];
}

const ORDER = ['-place_at', 'name', 'place_has_key', 'place_head', 'place_end', '-place_revision', 'place_row'];

function pageSql(
  { of, after, limit, revisions }: ResultQuery,
  sources: readonly Source[],
  bound: Bound | null,
): string {
  const parts = sources.map((own) => {
    const before = bound === null ? [] : [`${own.at} >= ${instant(bound.atMs)}`];
    if (bound?.place) before.push(notBefore(values(bound.place), headOfPlace(own.at, own.name)));
    const rows = filtered(own, before);
    const kept = own.shape === null || revisions === 'all' ? `SELECT * FROM ${rows}` : newestOf(own, own.shape, rows);
    return `SELECT ${own.name} AS name, key, ${own.rest}, epoch_ms(${own.at}) AS place_at, ${HAS_KEY} AS place_has_key,
      ${HEAD} AS place_head, epoch_ms(${own.end}) AS place_end, ${own.revision} AS place_revision, place_row FROM (${kept})`;
  });
  const behind = after === null ? '' : `WHERE NOT (${notBefore(values(after), ORDER)})`;
  const [first, ...others] = RESULT_COLUMNS[of];
  return `SELECT name AS "${first}", ${others.join(', ')}, ${PLACE_COLUMNS.filter((column) => column !== 'name').join(', ')}
    FROM (${parts.join(' UNION ALL ')}) ${behind} ORDER BY ${ORDER.join(', ')} LIMIT ${limit + 1}`;
}

function newestOf({ table, whose }: Source, shape: Pick<WindowShape, 'kind' | 'name'>, rows: string): string {
  if (shape.kind !== 'session') return newestSql(shape, rows, rows);
  // A session contains those that it replaces. It may begin long before the page does, and ends with them or later.
  const ends = `(SELECT coalesce(min(end_at), TIMESTAMP 'infinity') FROM ${rows})`;
  const among = [...whose, `end_at >= ${ends}`, `coalesce(key, '') IN (SELECT coalesce(key, '') FROM ${rows})`];
  return newestSql(shape, rows, `(SELECT * FROM ${table} WHERE ${among.join(' AND ')})`);
}

function filtered({ table, row, whose, when }: Source, more: readonly string[]): string {
  const filters = [...whose, ...when, ...more];
  return `(SELECT *, ${row} AS place_row FROM ${table}${filters.length === 0 ? '' : ` WHERE ${filters.join(' AND ')}`})`;
}

const PLACE_COLUMNS = ['place_at', 'name', 'place_has_key', 'place_head', 'place_end', 'place_revision', 'place_row'];

function placeOf(row: Row | undefined): ResultPlace | null {
  if (row === undefined) return null;
  return [
    Number(row.place_at),
    String(row.window ?? row.join),
    row.place_has_key === true,
    String(row.place_head),
    Number(row.place_end),
    Number(row.place_revision),
    Number(row.place_row),
  ];
}

function withoutPlace(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !column.startsWith('place_')));
}

/** The values that rows are ordered by. A row that comes first has the smaller values. */
function values([at, name, hasKey, head, end, revision, row]: readonly (string | number | boolean)[]): string[] {
  const parts = [`${-Number(at)}`, text(String(name)), String(hasKey), text(String(head))];
  return end === undefined ? parts : [...parts, `${Number(end)}`, `${-Number(revision)}`, `${Number(row)}`];
}

/** The order, value by value. DuckDB can't skip rows by a comparison of tuples. */
function notBefore([one = '', ...rest]: readonly string[], [other = '', ...others]: readonly string[]): string {
  if (rest.length === 0) return `${one} >= ${other}`;
  return `(${one} > ${other} OR (${one} = ${other} AND ${notBefore(rest, others)}))`;
}

function instant(ms: number): string {
  return `make_timestamp(${BigInt(ms) * 1000n})`;
}

/** A text of a stranger as SQL. A zero byte would end a quoted text, so such a text is in hexadecimal. */
function text(value: string): string {
  return value.includes('\0') ? `decode(from_hex('${Buffer.from(value, 'utf8').toString('hex')}'))` : quotedText(value);
}
