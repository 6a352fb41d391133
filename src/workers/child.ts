/**
 * A child process that runs one of the task files here. Native code that fails, hangs or runs out of memory ends the child
 * and nothing else.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { taskFile, WORKER_EXEC_ARGV } from './pool.ts';
import type { FromStore, ToStore } from './store-protocol.ts';

/** What is asked, and what is answered under the same number. */
interface Asked {
  readonly kind: string;
  readonly id: number;
}

export interface Child<To extends Asked = ToStore, From extends Asked = FromStore> {
  /** Resolves with the answer. Rejects when the child can't, or has ended. */
  ask(message: Exclude<To, { readonly kind: 'cancel' }>): Promise<Exclude<From, Failed>>;
  /** Gives up an answer: nobody waits for this id any more. */
  forget(id: number, reason: unknown): void;
  post(message: To): void;
  hasEnded(): boolean;
  kill(): void;
}

/** Each DuckDB query takes a thread of this pool: several may run, and a transaction still finds one. */
const THREAD_POOL = '8';

const ENDED = 'has ended: ';

/** Whether a child ended before it answered. */
export function isChildEnd(error: unknown): boolean {
  return error instanceof Error && error.message.includes(ENDED);
}

interface Failed extends Asked {
  readonly kind: 'failed';
  readonly message: string;
}

/** `ended` is called once, with why. */
export function startChild<To extends Asked = ToStore, From extends Asked = FromStore>(
  task: string,
  title: string,
  ended: (error: Error) => void,
  args: readonly string[] = [],
): Child<To, From> {
  const asked = new Map<number, { resolve(answer: Exclude<From, Failed>): void; reject(error: unknown): void }>();
  let end: Error | null = null;
  const child = fork(fileURLToPath(taskFile(task)), args, {
    execArgv: [...WORKER_EXEC_ARGV],
    serialization: 'advanced',
    // Native code's last words go to the log, and never between the lines of a command's output.
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, UV_THREADPOOL_SIZE: THREAD_POOL },
  });
  const finish = (why: string): void => {
    if (end !== null) return;
    end = new Error(`${title} ${ENDED}${why}`);
    for (const { reject } of asked.values()) reject(end);
    asked.clear();
    ended(end);
  };
  child.once('error', (error) => finish(error.message));
  child.once('exit', (code, signal) => finish(signal ?? `exit code ${code}`));
  child.on('message', (message: Exclude<From, Failed> | Failed) => {
    const waiting = asked.get(message.id);
    asked.delete(message.id);
    if (isFailed(message)) waiting?.reject(new Error(message.message));
    else waiting?.resolve(message);
  });
  const post = (message: To): void => {
    // A message that finds the child gone is answered by its end.
    if (child.connected) child.send(message, () => {});
  };
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        if (end !== null) return reject(end);
        asked.set(message.id, { resolve, reject });
        post(message);
      }),
    forget(id, reason) {
      const waiting = asked.get(id);
      asked.delete(id);
      waiting?.reject(reason);
    },
    post,
    hasEnded: () => end !== null,
    kill() {
      child.kill('SIGKILL');
    },
  };
}

function isFailed(message: Asked): message is Failed {
  return message.kind === 'failed';
}
