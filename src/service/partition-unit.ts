/**
 * One partition, wired: its log, its snapshots, its consumer and its derivers. Consumer and derivers restart together: a
 * batch that one of them has seen, and that the log does not have, must be forgotten by all.
 */
import { GATHERED_BYTES } from '../actors/gathered.ts';
import { createMailbox, type DropRows, type Mailbox } from '../actors/mailbox.ts';
import { type Committed, type PartitionConsumerPorts, partitionConsumerMachine } from '../actors/partition-consumer.ts';
import type { PartitionHost } from '../actors/partition-host.ts';
import { startSupervised } from '../actors/supervised.ts';
import { type ChildSpec, type SupervisionPorts, supervisorSpec } from '../actors/supervisor.ts';
import type { Log } from '../journal/log.ts';
import type { SnapshotStore } from '../journal/snapshots.ts';
import { COMMIT_FRAME, type Commit, encodeCommit } from '../messages/commit.ts';
import { rowsFrom } from '../partition/batch-rows.ts';
import type { Places } from '../partition/known-places.ts';
import { NOT_STARTED, type PartitionStatus } from '../partition/partition.ts';
import type { KnownRequest } from '../partition/requests.ts';
import type { HeldState, OperatorAnew } from '../streams/operator.ts';
import { afterLinger } from './linger.ts';
import { type Children, createDoor, type Door } from './partition-door.ts';
import { oneAtATime, type Platform } from './platform.ts';
import { createQuarantine, type QuarantineOptions } from './quarantine.ts';

export interface PartitionUnitOptions extends Omit<QuarantineOptions, 'mailbox' | 'isLive'> {
  /** Makes a host of the partition at the start of its log. */
  readonly newHost: () => PartitionHost;
  /** Names of the actors that derive, in the order of their operators. */
  readonly derivers: readonly string[];
  readonly snapshots: SnapshotStore;
  readonly queueBatches: number;
  readonly lingerMs: number;
  readonly snapshotEveryEvents: number;
  readonly snapshotEveryMs: number;
  readonly supervision: SupervisionPorts;
  /** The supervisor under which the actors are started and stopped while the service runs. */
  readonly children: Children;
  /** Whether the partition opens at the start; else it is closed until its source opens it. */
  readonly opensAtStart: boolean;
  /** Path of the supervisor above. */
  readonly parent: string;
  readonly platform: Platform;
  committed(commit: Committed): void;
  /** Told of a new snapshot: the log before the kept snapshots may no longer be needed. */
  snapshotSaved(log: string): Promise<void>;
  /** Told of operators without state, which begin at the start of the log. */
  onAnew(log: string, operators: readonly OperatorAnew[]): void;
  /** Told that a snapshot could not be written; nothing is lost, since the log has everything. */
  onSnapshotFailed(log: string, error: unknown): void;
}

export interface PartitionUnit {
  readonly spec: ChildSpec;
  readonly mailbox: Mailbox;
  readonly log: Log;
  readonly door: Door;
  /** The status; of a closed partition, the status at its closing. */
  status(): PartitionStatus;
  /** What users' operators hold in the partition; nothing while it is closed. */
  held(): readonly HeldState[];
  position(source: string): number;
  /** The end of the source's batch of which only a part is committed; null when there is no such batch. */
  inside(source: string): number | null;
  /** The partition's part of a request with this key. Waits until the partition knows all that is in its log. */
  request(key: string): Promise<KnownRequest>;
  /** How far the partition has come in the files, topics and tables that it reads. */
  places(): Places;
  /** Takes a snapshot now, if there is anything new. */
  saveSnapshot(): Promise<void>;
  /** Resolves once the consumer runs for the first time. */
  readonly ready: Promise<void>;
  /** Resolves when the partition's log can't be replayed. The partition then takes nothing any more. */
  readonly halted: Promise<void>;
  /** What is wrong when the partition fails or is halted, in words for people; null when nothing is. */
  problem(): string | null;
  /** Why the partition takes nothing any more; null while it may. */
  haltedBy(): string | null;
}

/** Pause after a failed attempt to write a snapshot. */
const SNAPSHOT_RETRY_MS = 10_000;
/** Pause between two looks at whether the partition has recovered. */
const RECOVERING_MS = 20;

export function createPartitionUnit(options: PartitionUnitOptions): PartitionUnit {
  const { log, platform, snapshots, derivers } = options;
  const { quarantineAfter, writerOf, lingerMs } = options;
  const dropRows: DropRows = (blocks, rows) => rowsFrom(blocks, rows, writerOf);
  const mailbox = createMailbox(options.queueBatches, quarantineAfter, dropRows, GATHERED_BYTES);
  const appends = new Set<Promise<unknown>>();
  let live: PartitionHost | null = null;
  const quarantine = createQuarantine({ ...options, mailbox, isLive: (host) => host === live });
  /** The live host, once it has everything that is in the log. */
  let recovered: PartitionHost | null = null;
  /** How many batches of the live incarnation were given to the log. */
  let appended = 0;
  let lastStatus = NOT_STARTED;
  let markReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  let snapshotOffset = 0;
  let snapshotAtMs = platform.nowMs();
  let saving = false;
  let retryAtMs = Number.NEGATIVE_INFINITY;

  async function loadSnapshot(own: PartitionHost): Promise<number> {
    // Appends of the previous incarnation end first, so that the content of the log is settled.
    await Promise.allSettled(appends);
    let limit = log.durableOffset();
    for (;;) {
      const found = await snapshots.latest(log.name, limit);
      if (found === null) return 0;
      const restored = await own.restore(found.body);
      if (restored.kind === 'restored') {
        if (restored.anew.length > 0) {
          options.onAnew(log.name, restored.anew);
          await quarantine.rebuild(own, restored.anew, found.offset);
        }
        snapshotOffset = found.offset;
        return found.offset;
      }
      limit = found.offset - 1;
    }
  }

  async function append(commit: Commit): Promise<number> {
    const { parts, count } = encodeCommit(commit);
    const durable = log.append(COMMIT_FRAME, count, parts);
    appended += 1;
    appends.add(durable);
    try {
      return await durable;
    } finally {
      appends.delete(durable);
    }
  }

  async function saveSnapshot(force: boolean): Promise<void> {
    const own = live;
    const grown = log.nextOffset() - snapshotOffset;
    const due = grown >= options.snapshotEveryEvents || platform.nowMs() - snapshotAtMs >= options.snapshotEveryMs;
    if (own === null || saving || grown === 0 || !(force || (due && platform.nowMs() >= retryAtMs))) return;
    saving = true;
    try {
      const { body, applied } = await own.snapshot();
      // State ahead of the log, or of another incarnation, has no offset: the next commit asks again.
      if (applied !== appended || own !== live) return;
      const offset = log.nextOffset();
      // The state may be ahead of the disk: a snapshot must not name an offset that a crash could take back.
      await Promise.all(appends);
      await log.sync();
      try {
        await snapshots.save(log.name, offset, body);
        await options.snapshotSaved(log.name);
      } catch (error) {
        retryAtMs = platform.nowMs() + SNAPSHOT_RETRY_MS;
        options.onSnapshotFailed(log.name, error);
        return;
      }
      snapshotOffset = offset;
      snapshotAtMs = platform.nowMs();
    } finally {
      saving = false;
    }
  }

  const actors = derivers.map(
    (deriver, index): ChildSpec => ({
      id: deriver,
      kind: deriver,
      start(context) {
        // The first deriver to start: all begin with empty state.
        if (index === 0) {
          live?.close();
          live = options.newHost();
          recovered = null;
          appended = 0;
          quarantine.begin();
        }
        return started().startDeriver(deriver, context);
      },
    }),
  );
  actors.push({
    id: 'consumer',
    kind: 'partition-consumer',
    start(context) {
      // A recovery goes on after its actor has stopped, and must not touch the state of the next incarnation.
      const own = started();
      const later = oneAtATime(platform.later);
      const ports: PartitionConsumerPorts = {
        mailbox,
        position: own.position,
        apply: (batch, committedAt) => quarantine.apply(own, batch, committedAt),
        divide: (suspect, committedAt) => quarantine.divide(own, suspect, committedAt),
        loadSnapshot: () => loadSnapshot(own),
        replay: (fromOffset) => quarantine.replay(own, fromOffset),
        recovered() {
          own.recovered();
          recovered = own;
          markReady();
          door.recovered();
        },
        append,
        saveSnapshot,
        later,
        arrived: afterLinger({ sleep: platform.sleep, later }, lingerMs, mailbox.hasRoom),
        nowMs: platform.nowMs,
        committed: options.committed,
      };
      const { child } = startSupervised(partitionConsumerMachine, { ports }, context);
      return {
        ...child,
        // A stalled log may stay stalled. Its waiting batches were never acknowledged, so nobody waits for them.
        async drain() {
          if (log.state().kind === 'stalled') child.kill();
          else await child.drain();
        },
      };
    },
  });

  async function request(key: string): Promise<KnownRequest> {
    for (;;) {
      const closed = mailbox.closed();
      if (closed !== null) throw closed;
      const own = recovered;
      if (own === null) {
        await platform.sleep(RECOVERING_MS);
        continue;
      }
      try {
        return await own.request(key);
      } catch {
        // The host's thread has ended. The next incarnation knows as much.
        if (own === recovered) recovered = null;
      }
    }
  }

  function started(): PartitionHost {
    if (live === null) throw new Error(`${log.name} was asked for its state before it had any`);
    return live;
  }

  const spec = supervisorSpec({
    id: log.name,
    kind: 'partition',
    parent: options.parent,
    strategy: 'one_for_all',
    children: actors,
    ports: options.supervision,
    isInputAtFault: quarantine.isAtWork,
  });
  const door = createDoor({
    ...options,
    name: log.name,
    spec,
    mailbox,
    haltedBy: quarantine.haltedBy,
    halted: quarantine.halted,
    closed() {
      lastStatus = live?.status() ?? lastStatus;
      live?.close();
      live = null;
      recovered = null;
    },
  });
  return {
    spec,
    mailbox,
    log,
    door,
    status: () => live?.status() ?? lastStatus,
    held: () => live?.held() ?? [],
    position: (source) => live?.position(source) ?? 0,
    inside: (source) => live?.inside(source) ?? null,
    request,
    places: () => live?.places() ?? { files: [], topics: [], tables: [] },
    saveSnapshot: () => saveSnapshot(true),
    ready,
    halted: quarantine.halted,
    haltedBy: quarantine.haltedBy,
    problem() {
      const failure = mailbox.failure();
      return quarantine.haltedBy() ?? (failure === null ? null : `${log.name}: ${failure}`);
    },
  };
}

/** Resolves once all open partitions among these run. Rejects when `signal` aborts first. */
export async function allReady(units: readonly PartitionUnit[], signal: AbortSignal | undefined): Promise<void> {
  const ready = Promise.all(units.filter(({ door }) => door.isOpen()).map((unit) => unit.ready));
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('Stopped before its partitions were ready')), {
      once: true,
    });
  });
  await Promise.race([ready, aborted]);
}
