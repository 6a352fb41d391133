/**
 * The Piscina pool for batch work.
 * From source, worker files are TypeScript and need tsx; built, they are plain JavaScript.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Rederived } from '../partition/rederive.ts';
import type { ReadInput } from '../sources/file/file.ts';
import type { DigestStreamsTask, StreamDigest } from './digest-streams.ts';
import type { ToReadInput } from './read-input-protocol.ts';
import type { RederiveTask } from './rederive-log.ts';
import { rederiveWatched } from './watched-rederive.ts';

/** Where built task files are, for tests: they run from source, and a thread or a child without a compiler starts at once. */
const BUILT = process.env.MILLRACE_BUILT_WORKERS;
const FROM_SOURCE = import.meta.url.endsWith('.ts') && BUILT === undefined;

/** Path of a task file beside this one, as it runs here. */
export function taskFile(name: string): string {
  if (BUILT !== undefined) return pathToFileURL(join(BUILT, `${name}.js`)).href;
  return new URL(`./${name}.${FROM_SOURCE ? 'ts' : 'js'}`, import.meta.url).href;
}

export const WORKER_EXEC_ARGV: readonly string[] = FROM_SOURCE ? ['--import', 'tsx'] : [];

/** Batches live for a few milliseconds: a young generation that holds several keeps them out of the old one. */
const YOUNG_GENERATION_MB = 32;

interface PoolOptions {
  readonly task?: string;
  readonly threads: number;
  readonly idleMs: number;
  readonly queue?: number;
  readonly heapMb?: number;
}

/**
 * A pool of threads that come as they are needed. A thread that ends between two tasks fails none: the next task has a
 * new one. Without a listener Piscina's event would end the process.
 */
export function startThreadPool({ task, threads, idleMs, queue, heapMb }: PoolOptions): Piscina {
  const pool = new Piscina({
    ...(task === undefined ? {} : { filename: taskFile(task) }),
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
    ...(queue === undefined ? {} : { maxQueue: queue }),
    execArgv: [...WORKER_EXEC_ARGV],
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      ...(heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb }),
    },
  });
  pool.on('error', () => {});
  return pool;
}

/** How long a thread that reads a file may take to stop by itself. */
const CANCEL_MS = 10_000;

/** The pool for batch work: reading large files, replaying. */
export interface BatchPool {
  readonly readInput: ReadInput;
  /** A call of an operator that takes `stuckAfterMs` ends the thread of its task, and is a difference. */
  rederiveLog(task: RederiveTask, stuckAfterMs: number): Promise<Rederived>;
  digestStreams(task: DigestStreamsTask, signal: AbortSignal): Promise<readonly StreamDigest[]>;
  close(): Promise<void>;
}

export function startBatchPool(threads: number): BatchPool {
  const pool = startThreadPool({ threads, idleMs: 1000 });
  return {
    readInput(task, onMessage, signal) {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', onMessage);
      const say = (message: ToReadInput): void => port1.postMessage(message);
      const end = new AbortController();
      let patience: NodeJS.Timeout | null = null;
      // The thread ends its task by itself: to end a thread in a call of DuckDB, which reads Parquet, aborts the process.
      const cancel = (): void => {
        say({ kind: 'cancel' });
        patience = setTimeout(() => end.abort(), CANCEL_MS);
      };
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
      const done = pool
        .run({ task, port: port2 }, { filename: taskFile('read-input'), transferList: [port2], signal: end.signal })
        .finally(() => {
          signal.removeEventListener('abort', cancel);
          if (patience !== null) clearTimeout(patience);
          port1.close();
        });
      return { done, grant: () => say({ kind: 'credit' }) };
    },
    rederiveLog: (task, stuckAfterMs) => rederiveWatched(pool, taskFile('rederive-log'), task, stuckAfterMs),
    digestStreams: (task, signal) => pool.run(task, { filename: taskFile('digest-streams'), signal }),
    close: () => pool.close(),
  };
}
