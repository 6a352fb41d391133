/**
 * A store as the service holds it: a child process, and one more for each long read of a store that nothing interrupts. A child
 * that ends is started again by the next `open`; until then what reads waits.
 */
import type { StoreDriver } from '../projections/driver.ts';
import { ownerOf } from '../projections/owner.ts';
import type { Projected } from '../projections/projector.ts';
import type { LongRead, Row } from '../projections/store.ts';
import { isDamaged } from '../projections/store-trouble.ts';
import { saveTableShapes } from '../projections/table-shapes.ts';
import { withoutSecrets } from '../stores/adapters.ts';
import { type Child, startChild } from './child.ts';
import { readRows } from './read-rows.ts';
import type { OpenStore, ProcessUsage, StoreResults, StoreTask } from './store-protocol.ts';

/** Tasks that change nothing. */
export type ReadTask = Exclude<StoreTask, { readonly kind: 'open' | 'close' | 'project' | 'verify' }>;

export interface StoreProcess {
  readonly name: string;
  readonly driver: Pick<StoreDriver, 'name' | 'label' | 'kind' | 'damage' | 'retryMs'>;
  /** Whether it is open, so that what is asked does not wait. */
  isOpen(): boolean;
  /** Resolves with where the store stands, by log. */
  open(task: Opening): Promise<StoreResults['open']>;
  project(task: StoreTask & { readonly kind: 'project' }): Promise<Projected>;
  /** Reads all that is on the disk. Resolves with why the store is damaged, or null; a damaged one waits for the next `open`. */
  verify(): Promise<string | null>;
  /** Waits until the store is open. */
  read<T extends ReadTask>(task: T): Promise<StoreResults[T['kind']]>;
  /** Rows as they come. Rejects with the reason of the signal once that aborts. */
  rows(read: LongRead, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  /** Calls back when the process has ended by itself. */
  onEnded(listener: (error: Error) => void): void;
  /** When it last told. */
  usage(): ProcessUsage;
  /** Closes the store, then ends the process. */
  close(): Promise<void>;
}

/** Reads that may wait for the store. */
const QUEUE = 256;
/** How long a store may take to close. What it would have written, the journal has. */
const CLOSE_MS = 10_000;
/** After as many the files are made anew: a damaged one may end the process that opens it. */
const SUSPICIONS = 2;

/** What is asked of the opening; what is the data directory's own is found out here. */
export type Opening = Omit<OpenStore, 'owner'>;

export function startStore(driver: StoreDriver): StoreProcess {
  const { name, label, kind } = driver;
  const listeners = new Set<(error: Error) => void>();
  let place: Opening | null = null;
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
    const ended = (error: Error): void => {
      closeGate();
      if (!isVerified) suspicions += 1;
      if (!isClosing) for (const listener of listeners) listener(error);
    };
    return startChild('store', `The process of ${label}`, ended, kind === null ? [name] : [name, kind]);
  }

  /** Nobody reads what is damaged, or not open: it waits for the next `open`. */
  function closeGate(): void {
    if (opening.isOpen()) opening = newGate();
  }

  async function ask<T extends StoreTask>(task: T): Promise<StoreResults[T['kind']]> {
    const answer = await child.ask({ kind: 'task', id: ++lastId, task });
    if (answer.kind !== 'done') throw new Error(`The ${name} store answered a task with ${answer.kind}`);
    usage = answer.usage;
    // The process answers each task by its kind.
    return answer.result as StoreResults[T['kind']];
  }

  async function open(task: Opening): Promise<StoreResults['open']> {
    if (child.hasEnded()) child = start();
    isVerified = false;
    const rebuild = suspicions >= SUSPICIONS || task.rebuild === true;
    const { declared = [] } = task.tables;
    saveTableShapes(task.dataDir, { ...task.tables, declared: declared.map(withoutSecrets) });
    const opened = await ask({ ...task, rebuild, owner: ownerOf(task.dataDir) }).catch((error: unknown) => {
      closeGate();
      throw error;
    });
    place = task;
    opening.open();
    return opened;
  }

  async function verify(): Promise<string | null> {
    const found = await ask({ kind: 'verify' });
    if (found !== null) closeGate();
    else {
      isVerified = true;
      suspicions = 0;
    }
    return found;
  }

  async function project(task: StoreTask & { readonly kind: 'project' }): Promise<Projected> {
    try {
      return await ask(task);
    } catch (error) {
      if (isDamaged(driver, error)) closeGate();
      throw error;
    }
  }

  return {
    name,
    driver,
    isOpen: () => opening.isOpen(),
    open,
    verify,
    project,
    async read(task) {
      if (waiting >= QUEUE) throw new Error(`${waiting} reads wait for ${label} already`);
      waiting += 1;
      try {
        await opening.opened;
        return await ask(task);
      } finally {
        waiting -= 1;
      }
    },
    async *rows(read, signal) {
      await abortable(opening.opened, signal);
      if (driver.readApart === null) return yield* readRows(child, ++lastId, read, signal);
      if (place === null) throw new Error(`The ${name} store is not open`);
      const { dataDir, tables } = place;
      const reader = startChild('store-reader', 'The process of the query', () => {});
      try {
        yield* readRows(reader, 1, { store: name, dataDir, tables, read }, signal);
      } finally {
        reader.kill();
      }
    },
    onEnded: (listener) => void listeners.add(listener),
    usage: () => usage,
    async close() {
      isClosing = true;
      const timer = setTimeout(child.kill, CLOSE_MS);
      // A process that has ended, or was never asked, has nothing open.
      if (!child.hasEnded() && lastId > 0) await ask({ kind: 'close' }).catch(() => {});
      clearTimeout(timer);
      child.kill();
    },
  };
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
