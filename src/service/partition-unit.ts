/**
 * One partition, wired: its log, its snapshots, and the three actors that restart together, because a batch that one of
 * them has seen and the log has not must be forgotten by all.
 */
import { fraudSessionMachine } from '../actors/fraud-session.ts';
import { createMailbox, type Mailbox } from '../actors/mailbox.ts';
import { type Committed, type PartitionConsumerPorts, partitionConsumerMachine } from '../actors/partition-consumer.ts';
import { type SupervisedActor, startSupervised } from '../actors/supervised.ts';
import { type ChildSpec, type SupervisionPorts, supervisorSpec } from '../actors/supervisor.ts';
import { windowAggregatorMachine } from '../actors/window-aggregator.ts';
import type { Log } from '../journal/log.ts';
import { readFrames } from '../journal/reader.ts';
import type { SnapshotStore } from '../journal/snapshots.ts';
import { type Commit, decodeCommit, encodeCommit } from '../messages/commit.ts';
import type { PartitionFold } from '../partition/derivation.ts';
import type { Partition } from '../partition/partition.ts';
import { decodeSnapshot, encodeSnapshot } from '../partition/snapshot.ts';
import type { Work } from '../partition/work.ts';
import { nextTurn, type Runtime } from './runtime.ts';

export interface PartitionUnitOptions {
  /** A partition at the start of its log. */
  readonly newFold: () => PartitionFold;
  readonly log: Log;
  readonly journalDir: string;
  readonly snapshots: SnapshotStore;
  readonly queueBatches: number;
  readonly snapshotEveryEvents: number;
  readonly snapshotEveryMs: number;
  readonly supervision: SupervisionPorts;
  /** Path of the supervisor above. */
  readonly parent: string;
  readonly runtime: Runtime;
  committed(commit: Committed): void;
  /** What lies before the snapshots that are kept may be needed no more. */
  snapshotSaved(log: string): Promise<void>;
  /** A snapshot could not be written; the log has all that it would hold. */
  onSnapshotFailed(log: string, error: unknown): void;
}

export interface PartitionUnit {
  readonly spec: ChildSpec;
  readonly mailbox: Mailbox;
  readonly log: Log;
  readonly partition: () => Partition;
  position(source: string): number;
  /** Takes a snapshot now, if there is anything new. */
  saveSnapshot(): Promise<void>;
  /** Resolves once the consumer runs for the first time. */
  readonly ready: Promise<void>;
}

/** The kind of a frame that holds a commit. */
export const COMMIT_FRAME = 1;
/** Snapshots kept beside the newest one, for the day when that one is damaged. */
const KEEP_SNAPSHOTS = 3;
/** Between an attempt to write a snapshot that failed and the next. */
const SNAPSHOT_RETRY_MS = 10_000;

interface Incarnation {
  readonly fold: PartitionFold;
  aggregator: SupervisedActor<typeof windowAggregatorMachine> | null;
  session: SupervisedActor<typeof fraudSessionMachine> | null;
}

export function createPartitionUnit(options: PartitionUnitOptions): PartitionUnit {
  const { log, runtime, snapshots } = options;
  const mailbox = createMailbox(options.queueBatches);
  const appends = new Set<Promise<unknown>>();
  let live = newIncarnation(options.newFold());
  let markReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  let snapshotOffset = 0;
  let snapshotAtMs = runtime.nowMs();
  let saving = false;
  let retryAtMs = Number.NEGATIVE_INFINITY;

  function derive(own: Incarnation, work: Work): void {
    for (const actor of [own.aggregator, own.session]) {
      if (actor === null) continue;
      actor.send({ type: 'APPLY', work });
      const error = actor.error();
      if (error !== null) throw error;
    }
  }

  async function loadSnapshot(own: Incarnation): Promise<number> {
    // Appends of the incarnation before this one end first, so that what the log holds is settled.
    await Promise.allSettled(appends);
    let limit = log.durableOffset();
    for (;;) {
      const found = await snapshots.latest(log.name, limit);
      if (found === null) return 0;
      const snapshot = decodeSnapshot(found.body);
      if (snapshot !== null) {
        own.fold.partition.restore(snapshot);
        own.aggregator?.send({ type: 'RESTORE', state: snapshot });
        own.session?.send({ type: 'RESTORE', cards: snapshot.cards });
        snapshotOffset = found.offset;
        return found.offset;
      }
      limit = found.offset - 1;
    }
  }

  async function replay(fromOffset: number, fold: (commit: Commit) => void): Promise<void> {
    const range = { fromOffset, toOffset: log.durableOffset() };
    for (const frame of readFrames(options.journalDir, log.name, range, runtime.disk.syncFs)) {
      fold(decodeCommit(frame.body));
      await nextTurn(runtime);
    }
  }

  async function append(commit: Commit): Promise<number> {
    const { parts, count } = encodeCommit(commit);
    const appended = log.append(COMMIT_FRAME, count, parts);
    appends.add(appended);
    try {
      return await appended;
    } finally {
      appends.delete(appended);
    }
  }

  async function saveSnapshot(force: boolean): Promise<void> {
    const offset = log.nextOffset();
    const grown = offset - snapshotOffset;
    const due = grown >= options.snapshotEveryEvents || runtime.nowMs() - snapshotAtMs >= options.snapshotEveryMs;
    if (saving || grown === 0 || !(force || (due && runtime.nowMs() >= retryAtMs))) return;
    saving = true;
    try {
      const body = encodeSnapshot(live.fold.snapshot());
      // The state may be ahead of the disk: a snapshot must not name an offset that a crash could take back.
      await Promise.all(appends);
      await log.sync();
      try {
        await snapshots.save(log.name, offset, body);
        await snapshots.prune(log.name, KEEP_SNAPSHOTS);
        await options.snapshotSaved(log.name);
      } catch (error) {
        retryAtMs = runtime.nowMs() + SNAPSHOT_RETRY_MS;
        options.onSnapshotFailed(log.name, error);
        return;
      }
      snapshotOffset = offset;
      snapshotAtMs = runtime.nowMs();
    } finally {
      saving = false;
    }
  }

  const children: ChildSpec[] = [
    {
      id: 'window-aggregator',
      kind: 'window-aggregator',
      start(context) {
        // The first of the three to start: all of them begin with empty state.
        live = newIncarnation(options.newFold());
        const actor = startSupervised(windowAggregatorMachine, live.fold, context);
        live.aggregator = actor;
        return actor.child;
      },
    },
  ];
  if (live.fold.detector !== null) {
    children.push({
      id: 'fraud-session',
      kind: 'fraud-session',
      start(context) {
        const { detector } = live.fold;
        if (detector === null) throw new Error('The fraud session was started before its partition');
        const actor = startSupervised(fraudSessionMachine, { detector }, context);
        live.session = actor;
        return actor.child;
      },
    });
  }
  children.push({
    id: 'consumer',
    kind: 'partition-consumer',
    start(context) {
      // A recovery goes on after its actor has stopped: it must not touch the state of the ones that come after it.
      const own = live;
      const ports: PartitionConsumerPorts = {
        mailbox,
        partition: own.fold.partition,
        derive: (work) => derive(own, work),
        loadSnapshot: () => loadSnapshot(own),
        replay,
        recovered() {
          own.aggregator?.send({ type: 'RECOVERED' });
          own.session?.send({ type: 'RECOVERED' });
          markReady();
        },
        append,
        saveSnapshot,
        later: oneAtATime(runtime.later),
        nowMs: runtime.nowMs,
        committed: options.committed,
      };
      const { child } = startSupervised(partitionConsumerMachine, { ports }, context);
      return {
        ...child,
        // A stalled log may stay so: what waits for it was never acknowledged, and is not waited for.
        async drain() {
          if (log.state().kind === 'stalled') child.kill();
          else await child.drain();
        },
      };
    },
  });

  return {
    spec: supervisorSpec({
      id: log.name,
      kind: 'partition',
      parent: options.parent,
      strategy: 'one_for_all',
      children,
      ports: options.supervision,
    }),
    mailbox,
    log,
    partition: () => live.fold.partition,
    position: (source) => live.fold.partition.position(source),
    saveSnapshot: () => saveSnapshot(true),
    ready,
  };
}

/** Drops a callback while one waits already: all of them say the same. */
function oneAtATime(later: Runtime['later']): Runtime['later'] {
  let isWaiting = false;
  return (callback) => {
    if (isWaiting) return;
    isWaiting = true;
    later(() => {
      isWaiting = false;
      callback();
    });
  };
}

/** Resolves once these partitions run; rejects when `signal` aborts first, because whoever waits is not wanted any more. */
export async function allReady(units: readonly PartitionUnit[], signal: AbortSignal | undefined): Promise<void> {
  const ready = Promise.all(units.map((unit) => unit.ready));
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('Stopped before its partitions were ready')), {
      once: true,
    });
  });
  await Promise.race([ready, aborted]);
}

function newIncarnation(fold: PartitionFold): Incarnation {
  return { fold, aggregator: null, session: null };
}
