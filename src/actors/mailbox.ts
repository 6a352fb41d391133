/**
 * The bounded queue in front of a partition consumer. A batch stays here until its commit is durable, so that a
 * consumer that crashed finds it again; one that the log already holds is acknowledged instead.
 */
import type { Batch } from '../sources/source.ts';

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
  /** Moves the oldest waiting batch into flight. */
  take(): Batch | undefined;
  /** The oldest batch in flight is durable. */
  settled(firstOffset: number, count: number): void;
  /** After a restart: acknowledges what the log holds, and puts the rest of what was in flight back in front. */
  recover(position: (source: string) => number): void;
  /** Refuses new batches from now on; what is in stays. */
  close(reason: Error): void;
  /** Rejects everything that is still in: the partition will never commit it. */
  abandon(reason: Error): void;
  /** Calls `listener` whenever a batch arrives. */
  onArrival(listener: () => void): void;
}

export function createMailbox(bound: number): Mailbox {
  let waiting: Batch[] = [];
  let flying: Batch[] = [];
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
    take() {
      const batch = waiting.shift();
      if (batch !== undefined) flying.push(batch);
      return batch;
    },
    settled(firstOffset, count) {
      const batch = flying.shift();
      batch?.onDurable?.({ firstOffset, count });
      unblock();
    },
    recover(position) {
      const retry: Batch[] = [];
      for (const batch of flying) {
        if (batch.next <= position(batch.source)) batch.onDurable?.({ firstOffset: -1, count: 0 });
        else retry.push(batch);
      }
      flying = [];
      waiting = [...retry, ...waiting];
      unblock();
    },
    close(reason) {
      closed ??= reason;
      const refused = blocked;
      blocked = [];
      for (const { reject } of refused) reject(closed);
    },
    abandon(reason) {
      const lost = [...flying, ...waiting];
      flying = [];
      waiting = [];
      for (const batch of lost) batch.onRejected?.(reason);
    },
    onArrival(listener) {
      arrived = listener;
    },
  };
}
