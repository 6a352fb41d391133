import type { Pending } from '../../src/actors/delivery-queue.ts';
import { alertRaisedType } from '../../src/fraud/types.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import type { SinkEvent } from '../../src/sinks/sink.ts';
import { alertOf } from './alert-fixture.ts';

/** An alert as a sink gets it. */
export function alertEvent(alertId: string): SinkEvent {
  const place = { log: 'payments.transactions-0', offset: 0, committedAt: 0 };
  const value = alertOf(alertId);
  return {
    stream: 'alerts',
    key: '42',
    id: alertId,
    json: JSON.stringify(value),
    value,
    form: alertRaisedType,
    ...place,
  };
}

const eventType = dynamicEventType({ type: 'record', name: 'Event', fields: [{ name: 'offset', type: 'long' }] });

/** An event of a stream, at an offset of its log. */
export function streamEvent(offset: number, stream = 'clicks', log = 'clicks-0'): SinkEvent {
  return {
    stream,
    key: 'k',
    id: `${log}/${offset}`,
    json: JSON.stringify({ stream, offset }),
    value: { offset },
    form: eventType,
    log,
    offset,
    committedAt: 0,
  };
}

/** An event that waits; an alert lets those behind it have their turn. */
export function pendingOf(event: SinkEvent, sinceMs = 0): Pending {
  return { event, sinceMs, yields: event.stream === 'alerts', attempts: 0 };
}
