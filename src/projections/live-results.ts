/** Results of windows that were appended since one looked last: what the page is told of as it comes. */

import { quotedText } from '../sql-quotes.ts';
import { aggregatesSql, type WindowShape, windowTable } from './duckdb-schema.ts';
import type { Row } from './store.ts';

export interface AppendedResults {
  /** The last few results of each window, oldest first, with the columns of `windows`. */
  readonly rows: readonly Row[];
  /** For each window with new results: how many results there are, and how many of them are new, shown or not. */
  readonly windows: Readonly<Record<string, { readonly results: number; readonly appended: number }>>;
  /** What the next call is to be given. */
  readonly seen: Readonly<Record<string, number>>;
}

/** A page keeps no more results of one window. */
const MOST_OF_A_WINDOW = 120;

/**
 * The results since the last call. `seen` is what that call gave; null for the first call, which gives no rows. Tables
 * only grow, so their numbers of rows say which rows are new. A table with fewer rows than before was made anew. At
 * most `limit` rows, shared by the windows that have new ones.
 */
export async function appendedResults(
  query: (sql: string) => Promise<readonly Row[]>,
  windows: readonly WindowShape[],
  seen: Readonly<Record<string, number>> | null,
  limit: number,
): Promise<AppendedResults> {
  if (windows.length === 0) return { rows: [], windows: {}, seen: {} };
  const counted = await query(
    windows
      .map((shape) => `SELECT ${quotedText(shape.name)} AS name, count(*) AS n FROM ${tableOf(shape)}`)
      .join(' UNION ALL '),
  );
  const counts = new Map(counted.map(({ name, n }) => [String(name), Number(n)]));
  const now = Object.fromEntries(counts);
  if (seen === null) return { rows: [], windows: {}, seen: now };
  const grown = windows.flatMap((shape) => {
    const results = counts.get(shape.name) ?? 0;
    const before = seen[shape.name] ?? 0;
    const appended = results < before ? results : results - before;
    return appended > 0 ? [{ shape, results, appended }] : [];
  });
  if (grown.length === 0) return { rows: [], windows: {}, seen: now };
  const share = Math.min(MOST_OF_A_WINDOW, Math.max(1, Math.floor(limit / grown.length)));
  const parts = grown.slice(0, limit).map(({ shape, results, appended }) => {
    const from = results - Math.min(share, appended);
    return `SELECT ${quotedText(shape.name)} AS "window", key, epoch_ms(start_at) AS start_at, epoch_ms(end_at) AS end_at, revision,
      count, ${aggregatesSql(shape)} AS aggregates FROM ${tableOf(shape)} WHERE rowid >= ${from}`;
  });
  const rows = await query(`SELECT * FROM (${parts.join(' UNION ALL ')}) ORDER BY start_at LIMIT ${limit}`);
  return {
    rows,
    windows: Object.fromEntries(grown.map(({ shape, results, appended }) => [shape.name, { results, appended }])),
    seen: now,
  };
}

function tableOf(shape: WindowShape): string {
  return `"${windowTable(shape)}"`;
}
