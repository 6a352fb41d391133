/**
 * The door of a partition. Opening it starts the actors, which recover from snapshot and log. Closing it refuses new
 * batches, and ends the actors once everything handed over is durable.
 *
 *   closed ── open ──► recovering ──► open ── close ──► draining ──► closed
 *
 * A partition that is opened while it drains starts once the draining is over.
 */
import type { Mailbox } from '../actors/mailbox.ts';
import type { ChildSpec } from '../actors/supervisor.ts';

/** The supervisor to which a partition's actors come and from which they go. */
export interface Children {
  /** False when none can be added any more. */
  add(spec: ChildSpec): boolean;
  remove(id: string): Promise<void>;
}

export interface Door {
  /** Whether the partition is open or recovering. */
  isOpen(): boolean;
  /**
   * Resolves once the partition has recovered and takes batches. Rejects when it is closed before that, when its log can't
   * be replayed, when the service is ending, and when the signal aborts.
   */
  open(signal: AbortSignal): Promise<void>;
  /** Resolves once everything that was handed over is durable or rejected, and the actors have ended. */
  close(): Promise<void>;
  /** To be called when the actors have recovered. */
  recovered(): void;
}

export interface DoorPorts {
  readonly name: string;
  readonly spec: ChildSpec;
  readonly mailbox: Mailbox;
  readonly children: Children;
  /** Whether the partition's actors are among the first children. */
  readonly opensAtStart: boolean;
  /** Why the partition takes nothing any more; null while it may. */
  haltedBy(): string | null;
  readonly halted: Promise<void>;
  /** To be called when the partition's actors have ended in order. */
  closed(): void;
}

interface Opening {
  readonly recovered: Promise<void>;
  resolve(): void;
  reject(reason: Error): void;
}

export function createDoor(ports: DoorPorts): Door {
  const { name, spec, mailbox, children } = ports;
  let opening: Opening | null = ports.opensAtStart ? newOpening() : null;
  let closing: Promise<void> = Promise.resolve();
  if (opening === null) mailbox.close(new Error(`${name} is closed: its source has not opened it`));

  async function start(own: Opening): Promise<void> {
    await closing;
    if (opening !== own) return;
    mailbox.open();
    if (children.add(spec)) return;
    const reason = new Error(`${name} can't be opened: the service is stopping`);
    opening = null;
    mailbox.close(reason);
    own.reject(reason);
  }

  async function stop(reason: Error): Promise<void> {
    await children.remove(spec.id);
    // Rejects batches that killed actors left behind.
    mailbox.abandon(reason);
    ports.closed();
  }

  return {
    isOpen: () => opening !== null,
    async open(signal) {
      signal.throwIfAborted();
      if (opening === null) {
        opening = newOpening();
        void start(opening);
      }
      const halted = ports.halted.then(() => Promise.reject(new Error(ports.haltedBy() ?? `${name} is halted`)));
      halted.catch(() => {});
      await abortable(Promise.race([opening.recovered, halted]), signal);
    },
    close() {
      if (opening === null) return closing;
      const reason = new Error(`${name} is closed: its source has given it up`);
      opening.reject(reason);
      opening = null;
      mailbox.close(reason);
      closing = closing.then(() => stop(reason));
      return closing;
    },
    recovered: () => opening?.resolve(),
  };
}

function newOpening(): Opening {
  let resolve = (): void => {};
  let reject = (_: Error): void => {};
  const recovered = new Promise<void>((settle, refuse) => {
    resolve = settle;
    reject = refuse;
  });
  // Nobody need wait for it.
  recovered.catch(() => {});
  return { recovered, resolve, reject };
}

function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
