/**
 * The Piscina pools: one thread for the read models, which must stay where it is, and a few for batch work.
 * From source, worker files are TypeScript and need tsx; built, they are plain JavaScript.
 */
import { Piscina } from 'piscina';
import type { StoresResults, StoresTask } from './stores-protocol.ts';

const FROM_SOURCE = import.meta.url.endsWith('.ts');

/** Path of a task file beside this one, as it runs here. */
export function taskFile(name: string): string {
  return new URL(`./${name}.${FROM_SOURCE ? 'ts' : 'js'}`, import.meta.url).href;
}

export const WORKER_EXEC_ARGV: readonly string[] = FROM_SOURCE ? ['--import', 'tsx'] : [];

/** Tasks that may wait for the thread of the read models. */
const STORES_QUEUE = 256;

export interface StoresThread {
  run<T extends StoresTask>(task: T): Promise<StoresResults[T['kind']]>;
  /** Closes the stores, then the thread. */
  close(): Promise<void>;
}

export function startStoresThread(): StoresThread {
  const pool = new Piscina({
    filename: taskFile('stores'),
    minThreads: 1,
    maxThreads: 1,
    maxQueue: STORES_QUEUE,
    idleTimeout: Number.POSITIVE_INFINITY,
    execArgv: [...process.execArgv, ...WORKER_EXEC_ARGV],
  });
  return {
    run: (task) => pool.run(task),
    async close() {
      await pool.run({ kind: 'close' } satisfies StoresTask);
      await pool.close();
    },
  };
}
