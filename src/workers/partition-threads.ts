/**
 * The threads that partitions are spread over. Each partition stays in its thread. A thread that dies fails its partitions,
 * and the next incarnation of any of them starts another thread. One in which an operator does not return is ended.
 */
import { MessageChannel, type Worker } from 'node:worker_threads';
import { FailedElsewhere, type PartitionHost } from '../actors/partition-host.ts';
import { StuckCallError } from '../actors/stuck-call.ts';
import type { ChildContext } from '../actors/supervised.ts';
import { logName } from '../messages/log-name.ts';
import { createRegistry } from '../messages/registry.ts';
import type { CallCutOff } from '../messages/streams.ts';
import { filePositionType, tablePositionType, topicPositionType } from '../messages/types.ts';
import { type RunningCall, runningMemory } from '../operators/running.ts';
import { createKnownPlaces } from '../partition/known-places.ts';
import { NOT_STARTED } from '../partition/partition.ts';
import { endOfBatchInside } from '../partition/within-batch.ts';
import type { HeldState } from '../streams/operator.ts';
import {
  type FromThread,
  type HostAnswers,
  type HostRequest,
  type HostState,
  type OpenPartition,
  ownBlocks,
  type ThreadTask,
  type ToThread,
  withInput,
} from './partition-protocol.ts';
import { startThreadPool } from './pool.ts';
import { watchForStuckCalls } from './stuck-calls.ts';

/** What the service itself reads of the blocks that it sends to a thread. */
const PLACES = createRegistry([filePositionType, tablePositionType, topicPositionType]);

export interface PartitionThreads {
  /** A host for one incarnation of a partition, in the thread of this index. */
  open(thread: number, partition: OpenPartition): PartitionHost;
  /** The live threads. Terminating one does what a full heap does. */
  workers(): readonly Worker[];
  close(): Promise<void>;
}

interface Thread {
  post(message: ToThread, memory?: readonly ArrayBuffer[]): void;
  /** Rejects when the host can't, or the thread has ended. */
  ask<R extends HostRequest>(
    host: number,
    request: R,
    memory?: readonly ArrayBuffer[],
  ): Promise<HostAnswers[R['kind']]>;
  /** Listens to the actors of a host, until the host is forgotten. */
  listen(host: number, of: OpenPartition, hears: (message: FromHost) => void): void;
  forget(host: number): void;
  hasEnded(): boolean;
}

type FromHost = Exclude<FromThread, { readonly id: number }>;

/** What a thread says, and that it has ended: for what call of an operator that took too long, or else null. */
export interface ThreadListener {
  hears(message: FromThread): void;
  ended(error: Error, stuck: RunningCall | null): void;
}

/** Starts a thread; returns what it is told by. */
export type StartThread = (listener: ThreadListener) => (message: ToThread, memory: readonly ArrayBuffer[]) => void;

/** A call of an operator's code that takes `stuckAfterMs` ends its thread. */
export function startPartitionThreads(count: number, stuckAfterMs: number): PartitionThreads {
  const pool = startThreadPool({ task: 'partitions', threads: count, idleMs: 0 });
  /** A task of the pool that takes a thread for itself, until the thread ends. */
  const start: StartThread = ({ hears, ended }) => {
    const { port1: port, port2 } = new MessageChannel();
    port.on('message', hears);
    let stuck: RunningCall | null = null;
    const abort = new AbortController();
    const task: ThreadTask = { port: port2, running: runningMemory() };
    const stopWatching = watchForStuckCalls(task.running, stuckAfterMs, (call) => {
      stuck = call;
      abort.abort();
    });
    pool.run(task, { transferList: [port2], signal: abort.signal }).catch((error: Error) => {
      stopWatching();
      port.close();
      ended(error, stuck);
    });
    return (message, memory) => port.postMessage(message, memory);
  };
  return {
    ...spreadOver(count, stuckAfterMs, start),
    workers: () => pool.threads,
    close: () => pool.destroy(),
  };
}

/** Over threads of whatever kind. A thread starts when a partition is opened in it, and anew when it has ended. */
export function spreadOver(count: number, stuckAfterMs: number, start: StartThread): Pick<PartitionThreads, 'open'> {
  const threads: (Thread | undefined)[] = new Array(count).fill(undefined);
  let hosts = 0;
  return {
    open(index, partition) {
      const at = index % count;
      let thread = threads[at];
      if (thread === undefined || thread.hasEnded()) {
        thread = openThread(start, stuckAfterMs);
        threads[at] = thread;
      }
      return openHost(thread, ++hosts, partition);
    },
  };
}

function openThread(start: StartThread, stuckAfterMs: number): Thread {
  const asked = new Map<number, { host: number; resolve(answer: unknown): void; reject(error: Error): void }>();
  const hosts = new Map<number, { readonly of: OpenPartition; hears(message: FromHost): void }>();
  let ended: ((host: number) => Error) | null = null;
  let nextId = 0;
  function hears(message: FromThread): void {
    if (message.kind !== 'answer' && message.kind !== 'refusal') {
      hosts.get(message.host)?.hears(message);
      return;
    }
    const waiting = asked.get(message.id);
    asked.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else waiting?.reject(message.error);
  }
  /** An operator's name is one of its pipeline, so it says the stream. A function's does not. */
  function hostOf(call: RunningCall): [number, string] {
    for (const [host, { of }] of hosts) {
      const { stream, operators } = of.derivation;
      const isIn = call.stream === null ? operators.some(({ name }) => name === call.operator) : stream === call.stream;
      if (isIn && of.partition === call.partition) return [host, logName(of.derivation.stream, of.partition)];
    }
    return [0, `partition ${call.partition}`];
  }
  function blamed(call: RunningCall): { readonly host: number; readonly problem: string; readonly call: CallCutOff } {
    const [host, log] = hostOf(call);
    const { operator, stream, place } = call;
    const what = stream === null ? `operator ${operator}` : `function ${operator}`;
    const error = `the ${what} of ${log} has not returned for ${stuckAfterMs / 1000} s (supervision.stuckAfter)`;
    return { host, problem: error, call: { operator, ...place, error } };
  }
  function hasEnded(error: Error, call: RunningCall | null): void {
    const stuck = call === null ? null : blamed(call);
    const text = `The thread of the partition has ended: ${stuck?.problem ?? error.message}`;
    const errorOf = (host: number): Error => {
      if (stuck === null) return new Error(text, { cause: error });
      if (stuck.host === host) return new StuckCallError(text, stuck.call, { cause: error });
      return new FailedElsewhere(text, { cause: error });
    };
    ended = errorOf;
    for (const { host, reject } of asked.values()) reject(errorOf(host));
    asked.clear();
    for (const [host, own] of hosts) own.hears({ kind: 'failed', host, deriver: null, error: errorOf(host) });
  }
  const post = start({ hears, ended: hasEnded });
  return {
    post: (message, memory = []) => post(message, memory),
    ask: (host, request, memory = []) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended(host));
        const id = ++nextId;
        // The thread answers each request by its kind.
        asked.set(id, { host, resolve: (answer) => resolve(answer as HostAnswers[(typeof request)['kind']]), reject });
        post({ kind: 'ask', host, id, request }, memory);
      }),
    listen: (host, of, hears) => void hosts.set(host, { of, hears }),
    forget: (host) => void hosts.delete(host),
    hasEnded: () => ended !== null,
  };
}

function openHost(thread: Thread, host: number, opened: OpenPartition): PartitionHost {
  const { derivation, partition } = opened;
  const contexts = new Map<string, ChildContext>();
  const states = new Map<string, string>();
  let positions = new Map<string, number>();
  const places = createKnownPlaces(PLACES);
  let status = NOT_STARTED;
  let held: readonly HeldState[] = [];
  thread.post({ kind: 'open', host, partition: opened });
  thread.listen(host, opened, (message) => {
    if (message.kind === 'held') {
      held = message.held;
      return;
    }
    // The thread fails as a whole: its partition hears of it from any of its derivers.
    const deriver = message.deriver ?? [...contexts.keys()][0] ?? '';
    const context = contexts.get(deriver);
    if (message.kind === 'changed') {
      states.set(deriver, message.state);
      context?.changed?.(message.state);
      return;
    }
    states.set(deriver, message.kind);
    if (message.kind === 'failed') context?.failed(message.error);
    else context?.stopped();
  });
  const take = (state: HostState): void => {
    positions = new Map(state.positions);
    places.restore(state.places);
    status = state.status;
  };
  return {
    position: (source) => positions.get(source) ?? 0,
    places: places.all,
    inside: (source) => endOfBatchInside(positions, source),
    status: () => status,
    held: () => held,
    startDeriver(deriver, context) {
      contexts.set(deriver, context);
      states.set(deriver, 'recovering');
      thread.post({ kind: 'start', host, deriver });
      return {
        state: () => states.get(deriver) ?? 'recovering',
        drain: async () => void (await thread.ask(host, { kind: 'drain', deriver })),
        kill() {
          contexts.delete(deriver);
          thread.post({ kind: 'kill', host, deriver });
        },
      };
    },
    async restore(body) {
      const { restored, state } = await thread.ask(host, { kind: 'restore', body });
      take(state);
      return restored;
    },
    async rebuild(anew, toOffset) {
      await thread.ask(host, { kind: 'rebuild', anew, toOffset });
    },
    async replay(fromOffset, toOffset) {
      take((await thread.ask(host, { kind: 'replay', fromOffset, toOffset })).state);
    },
    recovered: () => thread.post({ kind: 'recovered', host }),
    async apply(batch, committedAt) {
      // A mailbox's batch has functions too, which can't go to another thread.
      const { source, next, request, cutOffs = [] } = batch;
      const own = { cutOffs, ...(request === undefined ? {} : { request }) };
      // At once: the next batch is taken before this one is answered.
      positions.set(source, next);
      places.note(batch.blocks);
      const { blocks, memory } = ownBlocks(batch.blocks);
      const applied = await thread.ask(
        host,
        { kind: 'apply', batch: { source, next, blocks, ...own }, committedAt },
        memory,
      );
      status = applied.status;
      return withInput(applied, batch, { stream: derivation.stream, partition, committedAt });
    },
    async divide(batch, committedAt) {
      const { source, next, cutOffs = [] } = batch;
      const { blocks, memory } = ownBlocks(batch.blocks);
      return await thread.ask(host, { kind: 'divide', batch: { source, next, blocks, cutOffs }, committedAt }, memory);
    },
    request: (key) => thread.ask(host, { kind: 'request', key }),
    snapshot: () => thread.ask(host, { kind: 'snapshot' }),
    close() {
      thread.forget(host);
      thread.post({ kind: 'close', host });
    },
  };
}
