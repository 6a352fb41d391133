/**
 * What an alerter has taken from the tail of the journal and not settled yet: alerts in order, and between them the
 * positions that the tail had reached. A position comes to the head only when every alert before it is settled.
 */
import type { AlertRaised } from '../messages/payments.ts';

export interface TailPosition {
  readonly log: string;
  readonly offset: number;
}

/** An alert that waits, and when it was committed, by the clock that stamps commits. */
export interface PendingAlert {
  readonly alert: AlertRaised;
  readonly raisedAtMs: number;
}

export type QueueItem =
  | ({ readonly kind: 'alert' /** Failed ones. */; readonly attempts: number } & PendingAlert)
  | { readonly kind: 'position'; readonly position: TailPosition };

export type AlertQueue = readonly QueueItem[];

/** Adds alerts that are not queued already, and the position after them. */
export function enqueue(queue: AlertQueue, alerts: readonly PendingAlert[], upTo: TailPosition | null): AlertQueue {
  const ids = new Set(queue.map((item) => (item.kind === 'alert' ? item.alert.alertId : null)));
  const items = [...queue];
  for (const pending of alerts) {
    const { alertId } = pending.alert;
    if (ids.has(alertId)) continue;
    ids.add(alertId);
    items.push({ kind: 'alert', attempts: 0, ...pending });
  }
  return upTo === null ? items : withPosition(items, upTo);
}

/** A position replaces an older one of its log unless an alert stands between them: a quiet tail doesn't grow the queue. */
function withPosition(items: QueueItem[], position: TailPosition): AlertQueue {
  // The head may already be on its way to disk, and stays.
  for (let i = items.length - 1; i > 0; i--) {
    const item = items[i];
    if (item?.kind !== 'position') break;
    if (item.position.log === position.log) {
      items[i] = { kind: 'position', position };
      return items;
    }
  }
  items.push({ kind: 'position', position });
  return items;
}

/** The queue after one more failed attempt at its head, which goes behind the alerts that follow it if they have their turn. */
export function refused(queue: AlertQueue, turnAttempts: number): AlertQueue {
  const [head, ...others] = queue;
  if (head?.kind !== 'alert') return queue;
  const tried = { ...head, attempts: head.attempts + 1 };
  if (tried.attempts % turnAttempts !== 0) return [tried, ...others];
  // Never behind a position: that says that all before it are settled.
  const end = others.findIndex(({ kind }) => kind === 'position');
  const turn = end < 0 ? others : others.slice(0, end);
  return [...turn, tried, ...others.slice(turn.length)];
}
