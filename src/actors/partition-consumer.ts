/**
 * Partition consumer: the only writer of its partition's log.
 *
 *   loadingSnapshot ──► replaying ──► running ── DRAIN ──► draining ──► stopped
 *
 * One WAKE takes one batch: decode, derive, append. Commits are in flight up to a bound, are acknowledged in order once
 * durable, and the batch stays in the mailbox until then. Anything that throws fails the actor; its supervisor
 * restarts the partition, which recovers from the newest snapshot and the log.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { Commit } from '../messages/commit.ts';
import type { Applied, Partition } from '../partition/partition.ts';
import type { Work } from '../partition/work.ts';
import type { Batch } from '../sources/source.ts';
import type { Mailbox } from './mailbox.ts';

/** A commit that is durable. */
export interface Committed extends Applied {
  readonly firstOffset: number;
  readonly batch: Batch;
}

export interface PartitionConsumerPorts {
  readonly mailbox: Mailbox;
  readonly partition: Partition;
  /** Hands work to the partition's derivers; throws when one of them fails. */
  derive(work: Work): void;
  /** Restores partition and derivers from the newest valid snapshot. Returns the offset to replay from. */
  loadSnapshot(): Promise<number>;
  /** Calls `fold` for each commit from an offset to the end of the log, and yields to the event loop in between. */
  replay(fromOffset: number, fold: (commit: Commit) => void): Promise<void>;
  /** Tells the derivers that the partition is live. */
  recovered(): void;
  /** Resolves with the first event's offset once the commit is durable. */
  append(commit: Commit): Promise<number>;
  /** Takes a snapshot when one is due, or `force` says so. */
  saveSnapshot(force: boolean): Promise<void>;
  /** Runs a callback in a later turn of the event loop, so that everything else gets its turn; dropped while one waits. */
  later(callback: () => void): void;
  nowMs(): number;
  /** Told of every commit once it is durable. */
  committed(commit: Committed): void;
}

/** Commits that may wait for the disk while the next batch is computed. */
export const MAX_COMMITS_IN_FLIGHT = 4;

export type PartitionConsumerEvent =
  | { readonly type: 'WAKE' }
  | { readonly type: 'DURABLE'; readonly commit: Committed }
  | { readonly type: 'APPEND_FAILED'; readonly error: Error }
  | { readonly type: 'DRAIN' };

interface Context {
  readonly ports: PartitionConsumerPorts;
  readonly replayFrom: number;
}

export const partitionConsumerMachine = setup({
  types: {
    context: {} as Context,
    input: {} as { ports: PartitionConsumerPorts },
    events: {} as PartitionConsumerEvent,
  },
  actors: {
    loadSnapshot: fromPromise<number, PartitionConsumerPorts>(({ input }) => input.loadSnapshot()),
    replay: fromPromise<void, { ports: PartitionConsumerPorts; fromOffset: number }>(async ({ input }) => {
      const { ports, fromOffset } = input;
      await ports.replay(fromOffset, (commit) => void ports.partition.replay(commit, ports.derive));
    }),
    finalSnapshot: fromPromise<void, PartitionConsumerPorts>(({ input }) => input.saveSnapshot(true)),
  },
  actions: {
    goLive: ({ context, self }) => {
      const { mailbox, partition, recovered } = context.ports;
      mailbox.recover((source) => partition.position(source));
      recovered();
      // Not at once: a source that fills every partition in one turn would have all of them work in that turn.
      mailbox.onArrival(() => context.ports.later(() => self.send({ type: 'WAKE' })));
      self.send({ type: 'WAKE' });
    },
    commitNext: ({ context, self }) => {
      const { ports } = context;
      const { mailbox, partition } = ports;
      if (mailbox.inFlight >= MAX_COMMITS_IN_FLIGHT) return;
      const batch = mailbox.take(partition.position);
      if (batch === undefined) return;
      const applied = partition.apply(batch, ports.derive, ports.nowMs());
      ports
        .append(applied.commit)
        .then((firstOffset) => {
          const commit = { ...applied, firstOffset, batch };
          // Even when this actor has failed meanwhile: the next one finds the commit in the log and tells nobody of it.
          ports.committed(commit);
          self.send({ type: 'DURABLE', commit });
        })
        .catch((error: Error) => self.send({ type: 'APPEND_FAILED', error }));
      if (mailbox.depth > 0) ports.later(() => self.send({ type: 'WAKE' }));
    },
    acknowledge: ({ context, self }, { commit }: { commit: Committed }) => {
      const { ports } = context;
      const { sections } = commit.commit;
      ports.mailbox.settled(
        commit.firstOffset,
        sections.reduce((count, section) => count + section.count, 0),
      );
      ports.saveSnapshot(false).catch((error: Error) => self.send({ type: 'APPEND_FAILED', error }));
      if (ports.mailbox.depth > 0) ports.later(() => self.send({ type: 'WAKE' }));
    },
    fail: (_, { error }: { error: Error }) => {
      throw error;
    },
  },
  guards: {
    isEmpty: ({ context }) => context.ports.mailbox.depth === 0 && context.ports.mailbox.inFlight === 0,
  },
}).createMachine({
  id: 'partitionConsumer',
  context: ({ input }) => ({ ports: input.ports, replayFrom: 0 }),
  initial: 'loadingSnapshot',
  on: {
    APPEND_FAILED: { actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
  },
  states: {
    loadingSnapshot: {
      invoke: {
        src: 'loadSnapshot',
        input: ({ context }) => context.ports,
        onDone: { target: 'replaying', actions: assign({ replayFrom: ({ event }) => event.output }) },
      },
      on: { DRAIN: 'stopped' },
    },
    replaying: {
      invoke: {
        src: 'replay',
        input: ({ context }) => ({ ports: context.ports, fromOffset: context.replayFrom }),
        onDone: 'running',
      },
      on: { DRAIN: 'stopped' },
    },
    running: {
      entry: 'goLive',
      on: {
        WAKE: { actions: 'commitNext' },
        DURABLE: { actions: { type: 'acknowledge', params: ({ event }) => ({ commit: event.commit }) } },
        DRAIN: 'draining',
      },
    },
    draining: {
      always: { guard: 'isEmpty', target: 'savingSnapshot' },
      on: {
        WAKE: { actions: 'commitNext' },
        DURABLE: { actions: { type: 'acknowledge', params: ({ event }) => ({ commit: event.commit }) } },
      },
    },
    savingSnapshot: {
      invoke: { src: 'finalSnapshot', input: ({ context }) => context.ports, onDone: 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
