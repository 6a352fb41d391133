/**
 * The bounded queue in front of a partition consumer. A batch stays here until its commit is durable, so that the consumer
 * finds it again after a failure. A batch that the log already holds is acknowledged and not taken again.
 */

import { withinBatch } from '../partition/within-batch.ts';
import type { Batch } from '../sources/source.ts';
import { eventsOf, gatheredWith, partOf, type Queued, type Taken, together } from './gathered.ts';
import { StuckCallError } from './stuck-call.ts';

/** A batch that failed. */
export interface Suspect {
  readonly batch: Taken;
  readonly failures: number;
  readonly error: Error;
  /** Whether the batch is itself a part of a divided batch. */
  readonly isPart: boolean;
}

/** The position of a source in the partition. */
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
   * Moves the oldest waiting batch into flight, together with the batches of its source behind it, up to a bound of bytes:
   * they become one commit. Batches that were in flight when the partition failed are taken one by one, so that the one at
   * fault shows. A batch that is delivered again is acknowledged and not taken, once nothing is in flight: until then its
   * first delivery may not be durable.
   */
  take(position: PositionOf): Taken | undefined;
  /**
   * Notes that a batch could not be applied. When several batches fail together, the first is at fault. A batch with a call
   * that did not return is tried again without the call.
   */
  failed(batch: Batch, error: Error): void;
  /** The next batch, when it has failed so often that it must be divided. */
  suspect(position: PositionOf): Suspect | null;
  /** Notes that the suspect is about to be divided. A failed division counts as one more failure. */
  suspected(): void;
  /**
   * Notes that the suspect could not be divided. A suspect with a call that did not return is divided again without the
   * call.
   */
  undivided(error: unknown): void;
  /** Puts the parts in place of the suspect, each with its blocks and its range of rows. */
  divide(parts: readonly { readonly blocks: Batch['blocks']; readonly from: number; readonly to: number }[]): void;
  /** What fails at the moment, in words for people; null when nothing does. */
  failure(): string | null;
  /** The oldest batch in flight is durable. */
  settled(firstOffset: number, count: number): void;
  /** After a restart: acknowledges the batches that the log holds, and puts the others that were in flight back in front. */
  recover(position: PositionOf): void;
  /** Why the mailbox takes nothing more; null while it is open. */
  closed(): Error | null;
  /** Refuses new batches from now on. Batches that are in stay. */
  close(reason: Error): void;
  /** Takes batches again. */
  open(): void;
  /** Rejects all batches, since the partition will never commit them. */
  abandon(reason: Error): void;
  /** Calls `listener` whenever a batch arrives. */
  onArrival(listener: () => void): void;
}

/** The answer for a batch whose commit is known only from the log. */
const IN_THE_LOG = { firstOffset: -1, count: 0 };

/** A batch without its first rows. */
export type DropRows = (blocks: Batch['blocks'], rows: number) => Batch['blocks'];

/**
 * `quarantineAfter` failures make a batch suspect. Batches are gathered into commits of up to `gatheredBytes` bytes; with 0
 * none are.
 */
export function createMailbox(
  bound: number,
  quarantineAfter = Number.POSITIVE_INFINITY,
  dropRows: DropRows = (blocks) => blocks,
  gatheredBytes = 0,
): Mailbox {
  let waiting: Queued[] = [];
  let flying: { readonly batches: readonly Queued[]; readonly taken: Taken }[] = [];
  /** How many batches are still taken one by one: those that were in flight when the partition failed. */
  let oneByOne = 0;
  /**
   * The batch that failed last, how often it failed, and how often since a call of it was last cut off. A batch that was
   * given up and comes again counts as another one.
   */
  let fault: { readonly batch: Queued; failures: number; tries: number; error: Error } | null = null;
  let hasFailed = false;
  let blocked: { resolve: () => void; reject: (reason: Error) => void }[] = [];
  let closed: Error | null = null;
  let arrived = (): void => {};

  /** The part of a batch that is not in the log yet, where the batch was divided when it came before. */
  function missing(batch: Queued, position: PositionOf): Queued {
    if (batch.next === null || batch.within !== undefined) return batch;
    const rows = position(withinBatch(batch.source, batch.next));
    const { source, next } = batch;
    return rows === 0 ? batch : { ...batch, blocks: dropRows(batch.blocks, rows), within: { source, next, rows } };
  }
  const inFlight = (): Queued[] => flying.flatMap(({ batches }) => batches);
  const full = (): boolean => waiting.length + inFlight().length >= bound;
  /** Takes from the queue what goes into one commit with a batch. */
  function gather(first: Queued, position: PositionOf): Queued[] {
    if (oneByOne > 0) {
      oneByOne -= 1;
      return [first];
    }
    const whole = waiting.findIndex((batch) => missing(batch, position) !== batch);
    const count = gatheredWith(first, whole < 0 ? waiting : waiting.slice(0, whole), gatheredBytes);
    return [first, ...waiting.splice(0, count)];
  }
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
          const batches = gather(missing(batch, position), position);
          const taken = together(batches, before);
          flying.push({ batches, taken });
          return taken;
        }
        batch.onDurable?.(IN_THE_LOG);
        unblock();
      }
    },
    failed(lost, error) {
      if (hasFailed) return;
      hasFailed = true;
      const [first] = flying.filter(({ taken }) => taken === lost);
      const [batch, ...others] = first?.batches ?? [];
      // Nobody knows which of several batches is at fault, so they are tried one by one.
      if (batch === undefined || others.length > 0) return;
      const before = fault?.batch === batch ? fault : { failures: 0, tries: 0 };
      const failures = before.failures + 1;
      const own = withoutCall(batch, error);
      fault = { batch: own ?? batch, failures, tries: own === null ? before.tries + 1 : 0, error };
      if (own !== null) flying = flying.map((each) => (each === first ? { ...each, batches: [own] } : each));
    },
    suspect(position) {
      const [batch] = waiting;
      if (batch === undefined || fault?.batch !== batch || fault.tries < quarantineAfter) return null;
      const next = batch.next ?? position(batch.source) + eventsOf(batch);
      return { batch: { ...batch, next }, failures: fault.tries, error: fault.error, isPart: batch.isPart === true };
    },
    suspected() {
      if (fault === null) return;
      fault.failures += 1;
      fault.tries += 1;
    },
    undivided(error) {
      const [batch, ...rest] = waiting;
      if (batch === undefined || fault?.batch !== batch) return;
      const own = withoutCall(batch, error);
      if (own === null) return;
      fault = { ...fault, batch: own, tries: quarantineAfter };
      waiting = [own, ...rest];
    },
    divide(parts) {
      const [batch, ...rest] = waiting;
      if (batch === undefined) return;
      fault = null;
      waiting = [...parts.map((part, i) => partOf(batch, part, i === parts.length - 1)), ...rest];
    },
    failure: () =>
      fault === null ? null : `a batch of ${fault.batch.source} failed ${fault.failures} times: ${fault.error.message}`,
    settled(firstOffset, count) {
      for (const durable of flying.shift()?.batches ?? []) {
        if (durable === fault?.batch) fault = null;
        durable.onDurable?.({ firstOffset, count });
      }
      unblock();
    },
    recover(position) {
      hasFailed = false;
      const retry: Queued[] = [];
      for (const { batches, taken } of flying) {
        if (taken.next > position(taken.source)) {
          retry.push(...batches);
          continue;
        }
        for (const batch of batches) {
          if (batch === fault?.batch) fault = null;
          batch.onDurable?.(IN_THE_LOG);
        }
      }
      flying = [];
      oneByOne = Math.max(oneByOne, retry.length);
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
    open() {
      closed = null;
    },
    abandon(reason) {
      const lost = [...inFlight(), ...waiting];
      flying = [];
      waiting = [];
      for (const batch of lost) batch.onRejected?.(reason);
    },
    onArrival(listener) {
      arrived = listener;
    },
  };
}

/**
 * The batch without the call that did not return. Null when the error is of another kind, or when the call was cut off
 * before, which then did not help.
 */
function withoutCall(batch: Queued, error: unknown): Queued | null {
  if (!(error instanceof StuckCallError)) return null;
  const { cutOffs = [] } = batch;
  const { operator, given, call } = error.call;
  const isKnown = cutOffs.some((each) => each.operator === operator && each.given === given && each.call === call);
  return isKnown ? null : { ...batch, cutOffs: [...cutOffs, error.call] };
}
