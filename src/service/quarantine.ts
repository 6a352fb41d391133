/**
 * Quarantine for input that a partition can't apply, so that no input is tried for ever. A batch that fails each time is
 * divided, and its failing events become dead letters. A log that can't be replayed halts the partition, and nothing else.
 */
import type { Mailbox, Suspect } from '../actors/mailbox.ts';
import { FailedElsewhere, type PartitionHost } from '../actors/partition-host.ts';
import type { Log } from '../journal/log.ts';
import type { WriterOf } from '../messages/slice-block.ts';
import { type BatchRows, batchRows } from '../partition/batch-rows.ts';
import { allFailing, type BatchPart, blocksOfPart } from '../partition/divide.ts';
import type { Applied, PartitionInput } from '../partition/partition.ts';
import type { OperatorAnew } from '../streams/operator.ts';

export interface QuarantineOptions {
  readonly stream: string;
  readonly log: Log;
  readonly mailbox: Mailbox;
  /** Failures after which a batch is divided, or a log counts as one that can't be replayed. */
  readonly quarantineAfter: number;
  readonly writerOf: WriterOf;
  isLive(host: PartitionHost): boolean;
  /** A batch that failed again and again goes on as these parts. */
  onDivided(log: string, source: string, parts: readonly BatchPart[]): void;
  onHalted(log: string, reason: string): void;
}

export interface Quarantine {
  /** A new incarnation of the partition begins. */
  begin(): void;
  /** Whether a batch or replay is under way, which is then to blame for a failure. */
  isAtWork(): boolean;
  apply(host: PartitionHost, batch: PartitionInput, committedAt: number): Promise<Applied>;
  /** Puts the parts of a batch that failed into the mailbox, in its place. */
  divide(host: PartitionHost, suspect: Suspect, committedAt: number): Promise<void>;
  /**
   * Folds the part of the log that new operators need into them. When this halts the partition, the replay that follows
   * says so.
   */
  rebuild(host: PartitionHost, anew: readonly OperatorAnew[], toOffset: number): Promise<void>;
  replay(host: PartitionHost, fromOffset: number): Promise<'replayed' | 'halted'>;
  /** Why the partition is halted; null while it takes batches. */
  haltedBy(): string | null;
  readonly halted: Promise<void>;
}

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { log, mailbox, stream, quarantineAfter, writerOf, isLive } = options;
  let atWork = 0;
  let recoveriesFailed = 0;
  let haltedBy: string | null = null;
  let halt = (): void => {};
  const halted = new Promise<void>((resolve) => {
    halt = resolve;
  });
  function done(host: PartitionHost): void {
    if (isLive(host)) atWork -= 1;
  }

  /**
   * Does a part of a recovery. A part that fails each time halts the partition, and later incarnations do not try it again.
   */
  async function recover(host: PartitionHost, work: () => Promise<void>): Promise<void> {
    if (haltedBy !== null) return;
    atWork += 1;
    try {
      await work();
      done(host);
    } catch (error) {
      if (!isLive(host) || error instanceof FailedElsewhere) throw error;
      recoveriesFailed += 1;
      if (recoveriesFailed < quarantineAfter) throw error;
      haltedBy = `${log.name} is halted: ${error instanceof Error ? error.message : String(error)}`;
      const reason = new Error(haltedBy);
      mailbox.close(reason);
      mailbox.abandon(reason);
      options.onHalted(log.name, haltedBy);
      halt();
    }
  }

  async function partsOf(host: PartitionHost, suspect: Suspect, rows: BatchRows, committedAt: number) {
    const { batch, failures, error, isPart } = suspect;
    const all = allFailing(0, rows.count, error.message);
    // A part that fails without its events fails as a whole.
    const none = [isPart ? all : { ...all, failing: all.failing.filter(({ row }) => !rows.isPlace(row)) }];
    // A division that ends its thread, as the batch did, is not tried for ever; nor is a part that still fails.
    if (failures >= 2 * quarantineAfter) return none;
    const parts = await host.divide(batch, committedAt).catch((cause: unknown) => {
      mailbox.undivided(cause);
      throw cause;
    });
    return isPart && parts.length === 1 && parts[0]?.failing.length === 0 ? none : parts;
  }

  return {
    begin() {
      atWork = 0;
    },
    isAtWork: () => atWork > 0,
    async apply(host, batch, committedAt) {
      atWork += 1;
      const applied = await host.apply(batch, committedAt);
      done(host);
      return applied;
    },
    async divide(host, suspect, committedAt) {
      atWork += 1;
      const { batch } = suspect;
      const rows = batchRows(batch.blocks, batch, writerOf);
      mailbox.suspected();
      const parts = await partsOf(host, suspect, rows, committedAt);
      if (!isLive(host)) return;
      mailbox.divide(parts.map((part) => ({ ...part, blocks: blocksOfPart(rows, part, stream) })));
      options.onDivided(log.name, batch.source, parts);
      done(host);
    },
    rebuild: (host, anew, toOffset) => recover(host, () => host.rebuild(anew, toOffset)),
    async replay(host, fromOffset) {
      await recover(host, () => host.replay(fromOffset, log.durableOffset()));
      if (haltedBy !== null) return 'halted';
      recoveriesFailed = 0;
      return 'replayed';
    },
    haltedBy: () => haltedBy,
    halted,
  };
}
