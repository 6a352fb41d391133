/**
 * The job tables as the service holds them: a child process that starts with the first statement. One that ends, for lack of
 * memory or by a fault of native code, fails the statements that ran in it; the next one starts another.
 */
import type {
  FromJobTables,
  JobTablesResults,
  JobTablesTask,
  RunStatement,
  ToJobTables,
} from '../job-tables/protocol.ts';
import type { Row } from '../projections/store.ts';
import { type Child, startChild } from './child.ts';
import { readRows } from './read-rows.ts';

type Task<Kind extends JobTablesTask['kind']> = Extract<JobTablesTask, { readonly kind: Kind }>;

export interface JobTablesProcess {
  /** Resolves with the number of rows. Rejects with the signal's reason once that aborts, after the statement has stopped. */
  run(statement: RunStatement, signal: AbortSignal): Promise<number>;
  ask<Kind extends Exclude<JobTablesTask['kind'], 'open' | 'run' | 'close'>>(
    task: Task<Kind>,
  ): Promise<JobTablesResults[Kind]>;
  /** Rows of one statement that reads, as they come. */
  rows(sql: string, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  close(): Promise<void>;
}

/** How long the database may take to close. */
const CLOSE_MS = 10_000;
/** A statement that does not stop when it is told to is stopped with its process. */
const STOP_MS = 10_000;

export function startJobTables(place: Omit<Task<'open'>, 'kind'>): JobTablesProcess {
  type JobsChild = Child<ToJobTables, FromJobTables>;
  let child: JobsChild | null = null;
  let opened: Promise<JobsChild> | null = null;
  let lastId = 0;

  async function start(): Promise<JobsChild> {
    const started = startChild<ToJobTables, FromJobTables>('job-tables', 'The process of the job tables', () => {
      if (child !== started) return;
      child = null;
      opened = null;
    });
    child = started;
    await send(started, { kind: 'open', ...place });
    return started;
  }
  function ready(): Promise<JobsChild> {
    opened ??= start().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  }
  async function send<T extends JobTablesTask>(to: JobsChild, task: T): Promise<JobTablesResults[T['kind']]> {
    const answer = await to.ask({ kind: 'task', id: ++lastId, task });
    if (answer.kind !== 'done') throw new Error(`The job tables answered a task with ${answer.kind}`);
    // The process answers each task by its kind.
    return answer.result as JobTablesResults[T['kind']];
  }

  return {
    async run(statement, signal) {
      const own = await ready();
      signal.throwIfAborted();
      let timer: NodeJS.Timeout | null = null;
      const stop = (): void => {
        send(own, { kind: 'stop', key: statement.identity.key }).catch(() => {});
        timer = setTimeout(own.kill, STOP_MS);
      };
      signal.addEventListener('abort', stop, { once: true });
      try {
        return (await send(own, { kind: 'run', statement })).rows;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        if (timer !== null) clearTimeout(timer);
      }
    },
    ask: async (task) => send(await ready(), task),
    async *rows(sql, signal) {
      yield* readRows(await ready(), ++lastId, { kind: 'query', sql } as const, signal);
    },
    async close() {
      const own = child;
      if (own === null) return;
      const timer = setTimeout(own.kill, CLOSE_MS);
      await send(own, { kind: 'close' }).catch(() => {});
      clearTimeout(timer);
      own.kill();
    },
  };
}
