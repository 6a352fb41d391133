/**
 * Threads of partitions, without a thread: the service's own code on both sides, with copies of messages between them that take
 * their time and keep their order. A thread ends by chance, or for a call that does not return.
 */
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import type { RunningCall } from '../../src/operators/running.ts';
import type { FromThread, OpenPartition, ToThread } from '../../src/workers/partition-protocol.ts';
import { type PartitionThreads, type StartThread, spreadOver } from '../../src/workers/partition-threads.ts';
import { hostPartitions } from '../../src/workers/thread-side.ts';
import type { Hangs } from './hang.ts';
import type { Owner } from './scheduler.ts';
import type { World } from './world.ts';

export interface SimulatedThreads extends PartitionThreads {
  /** Ends one of those that run, if any. */
  endOne(): void;
}

interface ThreadPorts {
  readonly syncFs: SyncFs;
  readonly hangs: Hangs;
  later(callback: () => void): void;
}

interface SimulatedThread {
  hosts(call: RunningCall): boolean;
  hang(call: RunningCall): void;
  end(): void;
}

/** Between two threads, in ms. */
const MESSAGE_MS = 2;
const HELD_EVERY_MS = 10_000;

export function simulateThreads(
  world: World,
  owner: Owner,
  count: number,
  stuckAfterMs: number,
  { syncFs, hangs, later }: ThreadPorts,
): SimulatedThreads {
  const { scheduler, trace } = world;
  const random = world.random('threads');
  let running: readonly SimulatedThread[] = [];
  let started = 0;
  hangs.listen((call) => running.find((thread) => thread.hosts(call))?.hang(call));

  /** One way between two threads. */
  function line<Message>(label: string, hears: (message: Message) => void) {
    const under: Message[] = [];
    return (message: Message, memory: readonly ArrayBuffer[] = []): void => {
      under.push(structuredClone(message, { transfer: [...memory] }));
      const delayMs = MESSAGE_MS * random.uniform();
      const run = (): void => {
        const next = under.shift();
        if (next !== undefined) hears(next);
      };
      scheduler.schedule({ owner, delayMs, label, run });
    };
  }

  const start: StartThread = (listener) => {
    const name = `thread ${++started}`;
    const opened = new Map<number, OpenPartition>();
    /** It takes no message and sends none. */
    let isSilent = false;
    let isOver = false;
    function end(error: Error, stuck: RunningCall | null): void {
      if (isOver) return;
      [isSilent, isOver] = [true, true];
      running = running.filter((other) => other !== thread);
      trace.note(`${name} ends: ${error.message}`);
      listener.ended(error, stuck);
    }
    const fromThread = line<FromThread>(`from ${name}`, (message) => {
      if (!isOver) listener.hears(message);
    });
    const side = hostPartitions({
      syncFs,
      nextTurn: () => new Promise((resolve) => later(resolve)),
      post(message, memory) {
        if (!isSilent) fromThread(message, memory);
      },
    });
    const toThread = line<ToThread>(`to ${name}`, (message) => {
      if (isSilent) return;
      if (message.kind === 'open') opened.set(message.host, message.partition);
      if (message.kind === 'close') opened.delete(message.host);
      side.hears(message);
    });
    const thread: SimulatedThread = {
      hosts: ({ operator, partition }) =>
        [...opened.values()].some(
          (own) => own.partition === partition && own.derivation.operators.some(({ name: own }) => own === operator),
        ),
      hang(call) {
        if (isSilent) return;
        isSilent = true;
        trace.note(`${name} hangs in ${call.operator}`);
        const run = (): void => end(new Error('The task has been aborted'), call);
        scheduler.schedule({ owner, delayMs: stuckAfterMs, label: `watch of ${name}`, run });
      },
      end: () => end(new Error('Worker terminated'), null),
    };
    running = [...running, thread];
    const tell = (): void => {
      if (isOver) return;
      if (!isSilent) side.tellHeld();
      scheduler.schedule({ owner, delayMs: HELD_EVERY_MS, label: `held of ${name}`, run: tell });
    };
    tell();
    return toThread;
  };

  return {
    ...spreadOver(count, stuckAfterMs, start),
    workers: () => [],
    endOne: () => running[random.below(Math.max(1, running.length))]?.end(),
    close: async () => {
      for (const thread of running) thread.end();
    },
  };
}
