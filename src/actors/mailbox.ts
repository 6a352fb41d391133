/**
 * The bounded queue in front of a partition consumer. A batch stays here until its commit is durable, so that a
 * consumer that crashed finds it again; one that the log already holds is acknowledged instead.
 */
import type { Batch } from '../sources/source.ts';

/** A batch in flight, and the position of its source after it. */
export interface Taken extends Batch {
  readonly next: number;
}

/** Where a source stands in the partition. */
export type PositionOf = (source: string) => number;

export interface Mailbox {
  /** Batches that wait, without those in flight. */
  readonly depth: number;
  readonly inFlight: number;
  readonly bound: number;
  /** Resolves when the batch is in and there is room for another. */
  deliver(batch: Batch): Promise<void>;
  /** Whether offer() would take a batch now. */
  hasRoom(): boolean;
  /** Takes the batch only if there is room now. */
  offer(batch: Batch): boolean;
  /**
   * Moves the oldest waiting batch into flight. One that is delivered again is acknowledged instead, once nothing is in
   * flight: until then its first delivery may not be durable.
   */
  take(position: PositionOf): Taken | undefined;
  /** The oldest batch in flight is durable. */
  settled(firstOffset: number, count: number): void;
  /** After a restart: acknowledges what the log holds, and puts the rest of what was in flight back in front. */
  recover(position: PositionOf): void;
  /** Why it takes nothing more; null while it does. */
  closed(): Error | null;
  /** Refuses new batches from now on; what is in stays. */
  close(reason: Error): void;
  /** Rejects everything that is still in: the partition will never commit it. */
  abandon(reason: Error): void;
  /** Calls `listener` whenever a batch arrives. */
  onArrival(listener: () => void): void;
}

/** What is said of a batch whose commit is known only from the log. */
const IN_THE_LOG = { firstOffset: -1, count: 0 };

export function createMailbox(bound: number): Mailbox {
  let waiting: Batch[] = [];
  let flying: { readonly batch: Batch; readonly taken: Taken }[] = [];
  let blocked: { resolve: () => void; reject: (reason: Error) => void }[] = [];
  let closed: Error | null = null;
  let arrived = (): void => {};

  const full = (): boolean => waiting.length + flying.length >= bound;
  function unblock(): void {
    if (blocked.length === 0 || full()) return;
    const ready = blocked;
    blocked = [];
    for (const { resolve } of ready) resolve();
  }

  return {
    get depth() {
      return waiting.length;
    },
    get inFlight() {
      return flying.length;
    },
    bound,
    async deliver(batch) {
      if (closed !== null) throw closed;
      while (full()) {
        await new Promise<void>((resolve, reject) => blocked.push({ resolve, reject }));
        if (closed !== null) throw closed;
      }
      waiting.push(batch);
      arrived();
    },
    hasRoom: () => closed === null && !full(),
    offer(batch) {
      if (closed !== null || full()) return false;
      waiting.push(batch);
      arrived();
      return true;
    },
    take(position) {
      for (;;) {
        const [batch] = waiting;
        if (batch === undefined) return undefined;
        const before = position(batch.source);
        const isRepeated = batch.next !== null && batch.next <= before;
        if (isRepeated && flying.length > 0) return undefined;
        waiting.shift();
        if (!isRepeated) {
          const taken = { ...batch, next: batch.next ?? before + eventsOf(batch) };
          flying.push({ batch, taken });
          return taken;
        }
        batch.onDurable?.(IN_THE_LOG);
        unblock();
      }
    },
    settled(firstOffset, count) {
      flying.shift()?.batch.onDurable?.({ firstOffset, count });
      unblock();
    },
    recover(position) {
      const retry: Batch[] = [];
      for (const { batch, taken } of flying) {
        if (taken.next <= position(batch.source)) batch.onDurable?.(IN_THE_LOG);
        else retry.push(batch);
      }
      flying = [];
      waiting = [...retry, ...waiting];
      unblock();
    },
    closed: () => closed,
    close(reason) {
      closed ??= reason;
      const refused = blocked;
      blocked = [];
      for (const { reject } of refused) reject(closed);
    },
    abandon(reason) {
      const lost = [...flying.map(({ batch }) => batch), ...waiting];
      flying = [];
      waiting = [];
      for (const batch of lost) batch.onRejected?.(reason);
    },
    onArrival(listener) {
      arrived = listener;
    },
  };
}

function eventsOf({ blocks }: Batch): number {
  return blocks.reduce((count, block) => count + block.count, 0);
}
