/**
 * Partition consumer: the only writer of its partition's log.
 *
 *   loadingSnapshot ──► replaying ──► running ── DRAIN ──► draining ──► stopped
 *                           └─ the log can't be replayed ──► halted ── DRAIN ──► stopped
 *
 * One WAKE takes one batch and has it applied: decoded and derived from, in this thread or another. The resulting commit is
 * appended. Batches are in flight up to a bound, are acknowledged in order once durable, and stay in the mailbox until
 * then. Anything that throws fails the actor; its supervisor restarts the partition, which recovers from the newest
 * snapshot and the log. A batch that fails each time is divided before it is tried once more: its failing events become
 * dead letters. A log that can't be replayed halts the partition, and nothing else.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { Commit } from '../messages/commit.ts';
import type { Applied, PartitionInput } from '../partition/partition.ts';
import type { Batch } from '../sources/source.ts';
import type { Mailbox, PositionOf, Suspect } from './mailbox.ts';
import { FailedElsewhere } from './partition-host.ts';

/** A commit that is durable. */
export interface Committed extends Applied {
  readonly firstOffset: number;
  readonly batch: Batch;
}

export interface PartitionConsumerPorts {
  readonly mailbox: Mailbox;
  readonly position: PositionOf;
  /** Turns a batch into a commit, in order. Rejects when a deriver fails. */
  apply(batch: PartitionInput, committedAt: number): Promise<Applied>;
  /** Divides a batch that failed again and again, and puts its parts into the mailbox in its place. */
  divide(suspect: Suspect, committedAt: number): Promise<void>;
  /** Restores partition and derivers from the newest valid snapshot. Returns the offset to replay from. */
  loadSnapshot(): Promise<number>;
  /**
   * Folds the commits from an offset to the end of the log. `halted`: one of the commits can't be folded, however often it
   * is tried.
   */
  replay(fromOffset: number): Promise<'replayed' | 'halted'>;
  /** Tells the derivers that the partition is live. */
  recovered(): void;
  /** Resolves with the first event's offset once the commit is durable. */
  append(commit: Commit): Promise<number>;
  /** Takes a snapshot when one is due, or in any case with `force`. */
  saveSnapshot(force: boolean): Promise<void>;
  /** Runs a callback in a later turn of the event loop, so that everything else gets its turn; dropped while one waits. */
  later(callback: () => void): void;
  /** Runs a callback for a batch that has come, which may first wait for other batches. Dropped while one waits. */
  arrived(callback: () => void): void;
  nowMs(): number;
  /** Told of every commit once it is durable. */
  committed(commit: Committed): void;
}

/** How many batches may be computed, or wait for the disk, while the next one is taken. */
export const MAX_COMMITS_IN_FLIGHT = 4;

export type PartitionConsumerEvent =
  | { readonly type: 'WAKE' }
  | { readonly type: 'APPLIED'; readonly applied: Applied; readonly batch: Batch }
  | { readonly type: 'DURABLE'; readonly commit: Committed }
  | { readonly type: 'SUSPECT'; readonly suspect: Suspect }
  | { readonly type: 'DIVIDED' }
  | { readonly type: 'FAILED'; readonly error: Error }
  | { readonly type: 'DRAIN' };

interface Context {
  readonly ports: PartitionConsumerPorts;
  readonly replayFrom: number;
  /** While a batch is divided nothing is taken. */
  readonly dividing: boolean;
}

export const partitionConsumerMachine = setup({
  types: {
    context: {} as Context,
    input: {} as { ports: PartitionConsumerPorts },
    events: {} as PartitionConsumerEvent,
  },
  actors: {
    loadSnapshot: fromPromise<number, PartitionConsumerPorts>(({ input }) => input.loadSnapshot()),
    replay: fromPromise<'replayed' | 'halted', { ports: PartitionConsumerPorts; fromOffset: number }>(({ input }) =>
      input.ports.replay(input.fromOffset),
    ),
    finalSnapshot: fromPromise<void, PartitionConsumerPorts>(({ input }) => input.saveSnapshot(true)),
  },
  actions: {
    goLive: ({ context, self }) => {
      const { mailbox, position, recovered } = context.ports;
      mailbox.recover(position);
      recovered();
      // Not at once: otherwise a source that fills every partition in one turn makes all of them work in that turn.
      mailbox.onArrival(() => context.ports.arrived(() => self.send({ type: 'WAKE' })));
      self.send({ type: 'WAKE' });
    },
    takeNext: ({ context, self }) => {
      const { ports } = context;
      const { mailbox } = ports;
      if (mailbox.inFlight >= MAX_COMMITS_IN_FLIGHT || context.dividing) return;
      const suspect = mailbox.suspect(ports.position);
      if (suspect !== null) {
        // The division starts from the state that the batches before leave.
        if (mailbox.inFlight === 0) self.send({ type: 'SUSPECT', suspect });
        return;
      }
      const batch = mailbox.take(ports.position);
      if (batch === undefined) return;
      ports
        .apply(batch, ports.nowMs())
        .then((applied) => self.send({ type: 'APPLIED', applied, batch }))
        .catch((error: Error) => {
          if (!(error instanceof FailedElsewhere)) mailbox.failed(batch, error);
          self.send({ type: 'FAILED', error });
        });
      if (mailbox.depth > 0) ports.later(() => self.send({ type: 'WAKE' }));
    },
    append: ({ context, self }, { applied, batch }: { applied: Applied; batch: Batch }) => {
      const { ports } = context;
      ports
        .append(applied.commit)
        .then((firstOffset) => {
          const commit = { ...applied, firstOffset, batch };
          // Told even if this actor has failed by now: its successor finds the commit in the log and tells nobody.
          ports.committed(commit);
          self.send({ type: 'DURABLE', commit });
        })
        .catch((error: Error) => self.send({ type: 'FAILED', error }));
    },
    divide: ({ context, self }, { suspect }: { suspect: Suspect }) => {
      const { ports } = context;
      ports
        .divide(suspect, ports.nowMs())
        .then(() => self.send({ type: 'DIVIDED' }))
        .catch((error: Error) => self.send({ type: 'FAILED', error }));
    },
    acknowledge: ({ context, self }, { commit }: { commit: Committed }) => {
      const { ports } = context;
      const { sections } = commit.commit;
      ports.mailbox.settled(
        commit.firstOffset,
        sections.reduce((count, section) => count + section.count, 0),
      );
      ports.saveSnapshot(false).catch((error: Error) => self.send({ type: 'FAILED', error }));
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
  context: ({ input }) => ({ ports: input.ports, replayFrom: 0, dividing: false }),
  initial: 'loadingSnapshot',
  on: {
    FAILED: { actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
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
        onDone: [{ guard: ({ event }) => event.output === 'halted', target: 'halted' }, { target: 'running' }],
      },
      on: { DRAIN: 'stopped' },
    },
    running: {
      entry: 'goLive',
      on: {
        WAKE: { actions: 'takeNext' },
        SUSPECT: { actions: [assign({ dividing: true }), { type: 'divide', params: ({ event }) => event }] },
        DIVIDED: { actions: [assign({ dividing: false }), 'takeNext'] },
        APPLIED: { actions: { type: 'append', params: ({ event }) => event } },
        DURABLE: { actions: { type: 'acknowledge', params: ({ event }) => ({ commit: event.commit }) } },
        DRAIN: 'draining',
      },
    },
    draining: {
      // A batch that waits for others waits no longer.
      entry: 'takeNext',
      always: { guard: 'isEmpty', target: 'savingSnapshot' },
      on: {
        WAKE: { actions: 'takeNext' },
        SUSPECT: { actions: [assign({ dividing: true }), { type: 'divide', params: ({ event }) => event }] },
        DIVIDED: { actions: [assign({ dividing: false }), 'takeNext'] },
        APPLIED: { actions: { type: 'append', params: ({ event }) => event } },
        DURABLE: { actions: { type: 'acknowledge', params: ({ event }) => ({ commit: event.commit }) } },
      },
    },
    savingSnapshot: {
      invoke: { src: 'finalSnapshot', input: ({ context }) => context.ports, onDone: 'stopped' },
    },
    halted: { on: { DRAIN: 'stopped' } },
    stopped: { type: 'final' },
  },
});
