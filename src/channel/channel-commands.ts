/**
 * The commands that read or act on a data directory, whether a service runs on it or not: one registration each. A running
 * service answers them over its channel; without one, the command line opens the directory and answers them itself.
 */

import { hasJobTables } from '../job-tables/names.ts';
import type { JournalPlace } from '../journal/open-reader.ts';
import { STORE_NAMES } from '../projections/drivers.ts';
import type { LogRange } from '../projections/projector.ts';
import type { Row } from '../projections/store.ts';
import type { ServiceCore } from '../service.ts';
import { TABLES } from '../tables.ts';
import type { Stores } from '../workers/all-stores.ts';
import type { JobTablesProcess } from '../workers/job-tables-process.ts';
import { startBatchPool } from '../workers/pool.ts';
import type { RequestOf, RequestSchema } from './channel-protocol.ts';

/** What a command works on. */
export interface Target {
  readonly dataDir: string;
  readonly journal: JournalPlace;
  readonly stores: Stores;
  readonly jobTables: Pick<JobTablesProcess, 'ask' | 'rows'>;
  /** Null when none runs: then the directory is the command's own. */
  readonly running: ServiceCore | null;
  /**
   * Resolves once the read models have everything that was durable at the call, or after `patienceMs`; a note then says
   * what is missing. Gives how far the logs were durable at the call.
   */
  caughtUp(patienceMs: number, context: CommandContext): Promise<readonly LogRange[]>;
}

export interface CommandContext {
  /** Aborts when the time is over, or nobody listens any more. */
  readonly signal: AbortSignal;
  /** Says something to the person who asked, beside the rows. */
  note(message: string): void;
}

export interface ChannelCommand {
  readonly name: string;
  readonly schema: RequestSchema;
  /** Throws a RequestError when the request can't be taken. */
  rows(
    target: Target,
    request: Readonly<Record<string, unknown>>,
    context: CommandContext,
  ): AsyncGenerator<readonly Row[]>;
}

/** The words of a request can't be taken; the message says which. */
export class RequestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RequestError';
  }
}

/** The request that the handler gets has been held to the schema. */
export function channelCommand<const S extends RequestSchema>(command: {
  readonly name: string;
  readonly schema: S;
  rows(target: Target, request: RequestOf<S>, context: CommandContext): AsyncGenerator<readonly Row[]>;
}): ChannelCommand {
  // By requestProblem(), before it comes here.
  return { ...command, rows: (target, request, context) => command.rows(target, request as RequestOf<S>, context) };
}

/** What the job tables are called among the stores. */
const JOBS_STORE = 'jobs';

/** How long a query waits for the read models to have what was durable when it came. It then answers from what they have. */
const QUERY_PATIENCE_MS = 2_000;

export const queryCommand = channelCommand({
  name: 'query',
  schema: { store: 'text', sql: 'text' },
  async *rows(target, { store, sql }, context) {
    if (store === undefined || sql === undefined) throw new RequestError('a query needs a store and a statement');
    if (store === JOBS_STORE) return yield* target.jobTables.rows(sql, context.signal);
    const known = [...new Set([...STORE_NAMES, ...target.stores.all.map(({ name }) => name), JOBS_STORE])];
    if (!known.includes(store)) throw new RequestError(`there is no store ${store}; known: ${known.join(', ')}`);
    await target.caughtUp(QUERY_PATIENCE_MS, context);
    yield* target.stores.of(store).rows({ kind: 'query', sql }, context.signal);
  },
});

export const digestCommand = channelCommand({
  name: 'digest',
  schema: { all: 'flag' },
  rows: (target, { all }, context) => digestsOf(target, context, all === true),
});

export type NamedDigest = { readonly name: string; readonly rows: number; readonly hash: string };

/**
 * Digests of the tables, then of the derived streams. A running service gives each as of a moment of its own. Tables that a
 * process writes about itself are included only with `all`.
 */
export async function* digestsOf(
  target: Target,
  context: CommandContext,
  all: boolean,
): AsyncGenerator<readonly NamedDigest[]> {
  const ranges = await target.caughtUp(Number.POSITIVE_INFINITY, context);
  const isShown = (store: string, table: unknown): boolean =>
    all || !TABLES.some((entry) => entry.isOfProcess === true && entry.store === store && entry.name === table);
  for (const store of target.stores.all) {
    const isElsewhere = store.driver.retryMs !== null;
    if (isElsewhere && !store.isOpen()) {
      context.note(`the store ${store.name} is away: it has no digest here`);
      continue;
    }
    for await (const tables of store.rows({ kind: 'digest' }, context.signal)) {
      const shown = tables.filter(({ table }) => isShown(store.name, table));
      yield shown.map(({ table, rows, hash }) => ({
        name: `${store.name}.${table}`,
        rows: Number(rows),
        hash: String(hash),
      }));
    }
  }
  const { dataDir, journal } = target;
  if (hasJobTables(dataDir)) {
    const tables = await target.jobTables.ask({ kind: 'digest' });
    yield tables.map(({ table, rows, hash }) => ({ name: `${JOBS_STORE}.${table}`, rows, hash }));
  }
  const pool = startBatchPool(1);
  try {
    const streams = await pool.digestStreams({ dataDir, journal, ranges }, context.signal);
    yield streams.map(({ stream, events, hash }) => ({ name: `stream ${stream}`, rows: events, hash }));
  } finally {
    await pool.close();
  }
}
