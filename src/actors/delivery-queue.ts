/**
 * The events that a sink has to deliver next, in order. The head is tried first. Only an alert may go behind others, so
 * that events of every other stream leave in the order of their log.
 */
import type { Sink, SinkEvent } from '../sinks/sink.ts';

/** An event that waits. */
export interface Pending {
  readonly event: SinkEvent;
  /** When the event was committed, or asked for again. Its age counts from here. */
  readonly sinceMs: number;
  /** Whether the events behind this one may have their turn. */
  readonly yields: boolean;
  /** Failed attempts. */
  readonly attempts: number;
}

export type DeliveryQueue = readonly Pending[];

/** The events at the head that make one delivery; at least one, when there is one. */
export function headOf(queue: DeliveryQueue, { events, bytes }: Sink['batch']): Pending[] {
  const head: Pending[] = [];
  let size = 0;
  for (const pending of queue) {
    size += pending.event.json.length;
    if (head.length > 0 && (head.length >= events || size > bytes)) break;
    head.push(pending);
  }
  return head;
}

/**
 * The queue after one more failed attempt at the first `tried` events. Null when it was not the turn of the events behind.
 */
export function refused(
  queue: DeliveryQueue,
  tried: number,
  turnAttempts: number,
): { readonly queue: DeliveryQueue; readonly heldBack: Pending | null } {
  const again = queue.slice(0, tried).map((pending) => ({ ...pending, attempts: pending.attempts + 1 }));
  const others = queue.slice(tried);
  const [head] = again;
  const hasHadItsTurn = head?.yields === true && head.attempts % turnAttempts === 0;
  if (head === undefined || !hasHadItsTurn) return { queue: [...again, ...others], heldBack: null };
  return { queue: [...again.slice(1), ...others, head], heldBack: head };
}

/** How many of the first `tried` events are so old that a refusal gives them up. */
export function tooOld(queue: DeliveryQueue, tried: number, olderThanMs: number): number {
  const young = queue.slice(0, tried).findIndex(({ sinceMs }) => sinceMs > olderThanMs);
  return young < 0 ? Math.min(tried, queue.length) : young;
}
