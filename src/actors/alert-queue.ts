/**
 * What an alerter has taken from the tail of the journal and not settled yet: alerts in order, and between them the
 * positions that the tail had reached. A position comes to the head only when every alert before it is settled.
 */
import type { AlertRaised } from '../messages/payments.ts';

export interface TailPosition {
  readonly log: string;
  readonly offset: number;
}

export type QueueItem =
  | { readonly kind: 'alert'; readonly alert: AlertRaised }
  | { readonly kind: 'position'; readonly position: TailPosition };

export type AlertQueue = readonly QueueItem[];

/** Adds alerts that are not queued already, and the position after them. */
export function enqueue(queue: AlertQueue, alerts: readonly AlertRaised[], upTo: TailPosition | null): AlertQueue {
  const ids = new Set(queue.map((item) => (item.kind === 'alert' ? item.alert.alertId : null)));
  const items = [...queue];
  for (const alert of alerts) {
    if (ids.has(alert.alertId)) continue;
    ids.add(alert.alertId);
    items.push({ kind: 'alert', alert });
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
