/**
 * Statements that people write, over HTTP: run as the local channel runs them, on connections that can only read,
 * within a time and a number of rows. Only a few run at once; a further one is refused and told to come back, so that
 * no wait is unbounded.
 */
import { limited } from '../channel/channel.ts';
import { queryCommand, type Target } from '../channel/channel-commands.ts';
import { messageOf } from '../journal/error.ts';
import type { Row } from '../projections/store.ts';

export interface Query {
  readonly store: string;
  readonly sql: string;
}

export interface QueryBounds {
  readonly rows: number;
  readonly timeoutMs: number;
}

export type QueryAnswer =
  | {
      readonly kind: 'rows';
      readonly columns: readonly string[];
      readonly rows: readonly Row[];
      /** There are more rows than the bound. */
      readonly isCut: boolean;
      readonly tookMs: number;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'too-slow' }
  | { readonly kind: 'busy' };

const RUNNING_MAX = 3;

/** The signal ends a query whose reader has gone. */
export type RunQuery = (query: Query, bounds: QueryBounds, gone?: AbortSignal) => Promise<QueryAnswer>;

export function createRunQuery(target: Target, nowMs: () => number): RunQuery {
  let running = 0;
  return async ({ store, sql }, { rows: rowsMax, timeoutMs }, gone) => {
    if (running >= RUNNING_MAX) return { kind: 'busy' };
    running += 1;
    const startMs = nowMs();
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new Error('the time is over')), timeoutMs);
    const signal = gone === undefined ? over.signal : AbortSignal.any([over.signal, gone]);
    const rows: Row[] = [];
    const notes: string[] = [];
    let isCut = false;
    try {
      const context = { signal, note: (message: string) => void notes.push(message) };
      for await (const batch of limited(queryCommand.rows(target, { store, sql }, context), rowsMax)) {
        for (const row of batch.rows) rows.push(row);
        isCut = batch.isCut;
      }
      const columns = Object.keys(rows[0] ?? {});
      return { kind: 'rows', columns, rows, isCut, tookMs: Math.round(nowMs() - startMs), notes };
    } catch (error) {
      return over.signal.aborted ? { kind: 'too-slow' } : { kind: 'refused', message: messageOf(error) };
    } finally {
      clearTimeout(timer);
      running -= 1;
    }
  };
}
