/**
 * The read models as the service holds them: a child process, and one more for as long as SQLite is read by a user. A child
 * that ends is started again by the next `open`; until then what reads waits.
 */
import { join } from 'node:path';
import { type Row, STORE_FILES, STORE_NAMES } from '../projections/store.ts';
import { damagedBy } from '../projections/store-trouble.ts';
import { type Child, startChild } from './child.ts';
import type { FileRead, OpenStores, ProcessUsage, StoresRead, StoresResults, StoresTask } from './stores-protocol.ts';

export interface StoresProcess {
  run<T extends StoresTask>(task: T): Promise<StoresResults[T['kind']]>;
  /** Rows as they come. Rejects with the reason of the signal once that aborts. */
  read(read: StoresRead, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  /** Calls back when the process has ended by itself. */
  onEnded(listener: (error: Error) => void): void;
  /** When it last told. */
  usage(): ProcessUsage;
  /** Closes the stores, then ends the process. */
  close(): Promise<void>;
}

/** What may wait for the read models. */
const QUEUE = 256;
/** How long the stores may take to close. What a closed store would have written, the journal has. */
const CLOSE_MS = 10_000;
/** After as many the files are made anew: a damaged one may end the process that opens it. */
const SUSPICIONS = 2;

export function startStores(): StoresProcess {
  const listeners = new Set<(error: Error) => void>();
  let place: OpenStores | null = null;
  let opening = newGate();
  let isClosing = false;
  let waiting = 0;
  let isVerified = false;
  /** Ends of the process before the files that it had open were found whole: they may be why. */
  let suspicions = 0;
  let lastId = 0;
  let usage: ProcessUsage = { rssBytes: 0, cpuMicros: 0 };
  let child = start();

  function start(): Child {
    return startChild('stores', 'The process of the read models', (error) => {
      closeGate();
      if (!isVerified) suspicions += 1;
      if (!isClosing) for (const listener of listeners) listener(error);
    });
  }

  /** Nobody reads what is damaged, or not open: it waits for the next `open`. */
  function closeGate(): void {
    if (opening.isOpen()) opening = newGate();
  }

  async function ask<T extends StoresTask>(task: T): Promise<StoresResults[T['kind']]> {
    const answer = await child.ask({ kind: 'task', id: ++lastId, task });
    if (answer.kind !== 'done') throw new Error(`The read models answered a task with ${answer.kind}`);
    usage = answer.usage;
    // The process answers each task by its kind.
    return answer.result as StoresResults[T['kind']];
  }

  async function run<T extends StoresTask>(task: T): Promise<StoresResults[T['kind']]> {
    if (task.kind === 'open') {
      if (child.hasEnded()) child = start();
      isVerified = false;
      const rebuild = suspicions >= SUSPICIONS ? STORE_NAMES : (task.rebuild ?? []);
      const opened = await ask({ ...task, rebuild }).catch((error: unknown) => {
        closeGate();
        throw error;
      });
      place = task;
      opening.open();
      return opened;
    }
    if (task.kind === 'verify') {
      const found = await ask({ kind: 'verify' });
      if (found.length > 0) closeGate();
      else {
        isVerified = true;
        suspicions = 0;
      }
      return found as StoresResults[T['kind']];
    }
    if (task.kind === 'project' || task.kind === 'close') {
      return ask(task).catch((error: unknown) => {
        if (damagedBy(error) !== null) closeGate();
        throw error;
      });
    }
    if (waiting >= QUEUE) throw new Error(`${waiting} reads wait for the read models already`);
    waiting += 1;
    try {
      await opening.opened;
      return await ask(task);
    } finally {
      waiting -= 1;
    }
  }

  return {
    run,
    async *read(read, signal) {
      await abortable(opening.opened, signal);
      if (read.store === 'duckdb') return yield* readRows(child, ++lastId, read, signal);
      if (place === null) throw new Error('The read models are not open');
      const reader = startChild('sqlite-reader', 'The process of the query', () => {});
      try {
        yield* readRows(
          reader,
          1,
          { file: join(place.dataDir, STORE_FILES.sqlite), tables: place.tables, read },
          signal,
        );
      } finally {
        reader.kill();
      }
    },
    onEnded: (listener) => void listeners.add(listener),
    usage: () => usage,
    async close() {
      isClosing = true;
      const timer = setTimeout(child.kill, CLOSE_MS);
      // A process that has ended has nothing open.
      if (!child.hasEnded()) await ask({ kind: 'close' }).catch(() => {});
      clearTimeout(timer);
      child.kill();
    },
  };
}

async function* readRows(
  child: Child,
  id: number,
  read: StoresRead | FileRead,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const abort = (): void => child.forget(id, signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    let answer = await child.ask({ kind: 'read', id, read });
    while (answer.kind === 'rows') {
      yield answer.rows;
      signal.throwIfAborted();
      answer = await child.ask({ kind: 'next', id });
    }
  } finally {
    signal.removeEventListener('abort', abort);
    child.post({ kind: 'cancel', id });
  }
}

interface Gate {
  readonly opened: Promise<void>;
  isOpen(): boolean;
  open(): void;
}

function newGate(): Gate {
  let isOpen = false;
  let resolve = (): void => {};
  const opened = new Promise<void>((settle) => {
    resolve = settle;
  });
  return {
    opened,
    isOpen: () => isOpen,
    open() {
      isOpen = true;
      resolve();
    },
  };
}

function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, reject);
  });
}
