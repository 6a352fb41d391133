/**
 * The computing side of a partition: its fold, and a deriver for each group of operators. All of it is in one thread, the
 * service's own or one of `runtime.threads`; the holder of a host can't tell which. A host belongs to one incarnation of its
 * partition: a failed host is not mended, and the next incarnation begins with a new one.
 */
import type { JournaledCommit } from '../journal/commit-reader.ts';
import { logName } from '../messages/log-name.ts';
import type { WriterOf } from '../messages/slice-block.ts';
import { createBusyTimes } from '../partition/busy-times.ts';
import type { PartitionFold } from '../partition/derivation.ts';
import { type BatchPart, divide, requireCommitSize } from '../partition/divide.ts';
import type { Places } from '../partition/known-places.ts';
import type { Applied, PartitionInput, PartitionSpec, PartitionStatus } from '../partition/partition.ts';
import { createRebuild, takeRebuilt } from '../partition/rebuild.ts';
import type { KnownRequest } from '../partition/requests.ts';
import { decodeSnapshot, encodeSnapshot } from '../partition/snapshot.ts';
import type { Step } from '../partition/steps.ts';
import { endOfBatchInside } from '../partition/within-batch.ts';
import type { HeldState, OperatorAnew } from '../streams/operator.ts';
import { deriverMachine } from './deriver.ts';
import type { PositionOf } from './mailbox.ts';
import { type ChildContext, type RunningChild, type SupervisedActor, startSupervised } from './supervised.ts';

/** A host's failure that another host in its thread caused: neither the input nor the log is to blame. */
export class FailedElsewhere extends Error {}

/** The outcome of restoring a snapshot. */
export type Restored =
  /** Another version wrote the snapshot: the state is left as it was. */
  | { readonly kind: 'unreadable' }
  /** These operators are still at the start of the log. */
  | { readonly kind: 'restored'; readonly anew: readonly OperatorAnew[] };

export interface PartitionHost {
  /** The position of a source, committed or about to be; 0 before the source's first batch. */
  readonly position: PositionOf;
  /** How far the partition has come in the files and topics that it reads. */
  places(): Places;
  /** The end of the source's batch of which only a part is committed; null when there is no such batch. */
  inside(source: string): number | null;
  /** The status as of the last batch that was applied. */
  status(): PartitionStatus;
  /** What the operators hold, and how long they have been at work. From another thread, this is up to a second old. */
  held(): readonly HeldState[];
  /** Starts the actor of this name, which drives its operators. */
  startDeriver(deriver: string, context: ChildContext): RunningChild;
  restore(snapshot: Uint8Array): Promise<Restored>;
  /** Folds all commits of the log below an offset into these operators, which stand at the start of the log. */
  rebuild(anew: readonly OperatorAnew[], toOffset: number): Promise<void>;
  /** Folds the log's commits from one offset to another, without their derived events. */
  replay(fromOffset: number, toOffset: number): Promise<void>;
  /** The derivers are live. */
  recovered(): void;
  /** Turns a batch into a commit. Batches are applied and resolve in order; after a failure all later ones fail. */
  apply(batch: PartitionInput, committedAt: number): Promise<Applied>;
  /** Divides a batch that can't be applied as it is. The state is left alone. */
  divide(batch: PartitionInput, committedAt: number): Promise<readonly BatchPart[]>;
  /** What the partition has of a request with this key, counting applied batches. */
  request(key: string): Promise<KnownRequest>;
  snapshot(): Promise<HostSnapshot>;
  /** Ends the host; its work under way is no longer wanted. */
  close(): void;
}

export interface HostSnapshot {
  readonly body: Uint8Array;
  /** Batches that were applied before it. */
  readonly applied: number;
}

export interface PartitionHostPorts {
  readonly fold: PartitionFold;
  /** Makes another fold, at the start of the log, to try a batch on. */
  newFold(): PartitionFold;
  readonly writerOf: WriterOf;
  /** The commits of its log in a range of offsets. */
  commits(fromOffset: number, toOffset: number): AsyncIterable<JournaledCommit>;
  /** Lets everything else in this thread have its turn. */
  nextTurn(): Promise<void>;
  /** A clock that only goes on, for how long operators are at work; absent where nobody asks. */
  readonly elapsedMs?: () => number;
}

export function createPartitionHost(ports: PartitionHostPorts): PartitionHost {
  const { fold, newFold, writerOf, commits, nextTurn, elapsedMs } = ports;
  const { partition, operators } = fold;
  const busy = elapsedMs === undefined ? null : createBusyTimes(elapsedMs);
  const derivers = new Map<string, SupervisedActor<typeof deriverMachine>>();
  let applied = 0;
  /** The offset of the next commit. */
  let nextOffset: number | null = null;
  let failure: Error | null = null;
  let isClosed = false;

  function derive(steps: readonly Step[]): void {
    for (const actor of derivers.values()) {
      actor.send({ type: 'APPLY', steps });
      const error = actor.error();
      if (error !== null) throw error;
    }
  }

  return {
    position: (source) => partition.positions.get(source) ?? 0,
    places: () => partition.places(),
    inside: (source) => endOfBatchInside(partition.positions, source),
    status: partition.status,
    held: () =>
      operators.map((operator) => ({
        operator: operator.name,
        kind: operator.kind,
        inputs: operator.inputs,
        outputs: operator.outputs.map(({ stream }) => stream),
        keys: operator.keyCount(),
        bytes: operator.stateBytes?.() ?? null,
        busyMs: busy?.of(operator) ?? 0,
      })),
    startDeriver(deriver, context) {
      const own = operators.filter(({ actor }) => actor === deriver);
      const started = startSupervised(deriverMachine, { operators: own, ...(busy === null ? {} : { busy }) }, context);
      derivers.set(deriver, started);
      return started.child;
    },
    async restore(bytes) {
      const snapshot = decodeSnapshot(bytes);
      if (snapshot === null) return { kind: 'unreadable' };
      partition.restore(snapshot);
      const all: OperatorAnew[] = [];
      const anew = (some: readonly OperatorAnew[]): void => void all.push(...some);
      for (const actor of derivers.values()) actor.send({ type: 'RESTORE', states: snapshot.operators, anew });
      return { kind: 'restored', anew: all };
    },
    async rebuild(anew, toOffset) {
      const rebuild = createRebuild(newFold(), anew);
      for await (const { commit } of commits(0, toOffset)) {
        if (isClosed) return;
        rebuild.take(commit);
        await nextTurn();
      }
      takeRebuilt(fold, anew, rebuild.states());
    },
    async replay(fromOffset, toOffset) {
      for await (const read of commits(fromOffset, toOffset)) {
        if (isClosed) return;
        try {
          partition.replay(read.commit, derive);
        } catch (error) {
          throw new Error(replayProblem(partition.spec, read, error), { cause: error });
        }
        await nextTurn();
      }
      nextOffset = toOffset;
    },
    recovered() {
      for (const actor of derivers.values()) actor.send({ type: 'RECOVERED' });
    },
    async apply(batch, committedAt) {
      if (failure !== null) throw failure;
      try {
        const result = partition.apply(batch, derive, committedAt, nextOffset);
        requireCommitSize(result.commit);
        for (const { count } of result.commit.sections) if (nextOffset !== null) nextOffset += count;
        applied += 1;
        return result;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        throw failure;
      }
    },
    divide: async (batch, committedAt) => divide(batch, committedAt, fold.snapshot(), newFold, writerOf),
    request: async (key) => partition.request(key),
    snapshot: async () => ({ body: encodeSnapshot(fold.snapshot()), applied }),
    close() {
      isClosed = true;
    },
  };
}

function replayProblem(
  { stream, partition }: PartitionSpec,
  { offset, commit: { source } }: JournaledCommit,
  error: unknown,
): string {
  const what = error instanceof Error ? error.message : String(error);
  return (
    `the commit of ${source} at offset ${offset} of ${logName(stream, partition)} can't be applied again: ${what}. ` +
    'Nothing was changed. Start with the configuration and the version that wrote it, or set the damaged log aside.'
  );
}
