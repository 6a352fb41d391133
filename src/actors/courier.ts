/**
 * Carries out, one at a time, what an alerter asks for: hands an alert to the sink, makes an outcome durable, saves a
 * position. It decides nothing. When the alerter stops or fails, a delivery under way is aborted.
 */
import { fromCallback } from 'xstate';
import type { AlertDelivery } from '../messages/operations.ts';
import type { AlertRaised } from '../messages/payments.ts';
import { type AlertSink, DeliveryError } from '../sinks/sink.ts';
import type { TailPosition } from './alert-queue.ts';

export interface CourierPorts {
  readonly sink: AlertSink;
  /** Resolves once the outcome is durable in the operations log. */
  record(delivery: AlertDelivery): Promise<void>;
  /** Where to tail from after a restart: every alert before it has a durable outcome. */
  savePosition(log: string, offset: number): Promise<void>;
}

export type CourierCommand =
  | { readonly type: 'ATTEMPT'; readonly alert: AlertRaised }
  | { readonly type: 'RECORD'; readonly delivery: AlertDelivery }
  | { readonly type: 'SAVE'; readonly position: TailPosition };

export type CourierReport =
  | { readonly type: 'DELIVERED' }
  | { readonly type: 'REFUSED'; readonly message: string; readonly permanent: boolean }
  /** The outcome or position is durable. */
  | { readonly type: 'SETTLED' }
  /** The journal did not take it. */
  | { readonly type: 'UNRECORDED'; readonly error: Error };

export const courier = fromCallback<CourierCommand, CourierPorts>(({ input, receive, sendBack }) => {
  const abort = new AbortController();
  const report = (event: CourierReport): void => {
    if (!abort.signal.aborted) sendBack(event);
  };

  async function attempt(alert: AlertRaised): Promise<void> {
    try {
      await input.sink.deliver(alert, alert.alertId, abort.signal);
      report({ type: 'DELIVERED' });
    } catch (error) {
      const permanent = error instanceof DeliveryError && error.fault.kind === 'permanent';
      report({ type: 'REFUSED', message: asError(error).message, permanent });
    }
  }

  async function settle(write: () => Promise<void>): Promise<void> {
    try {
      await write();
      report({ type: 'SETTLED' });
    } catch (error) {
      report({ type: 'UNRECORDED', error: asError(error) });
    }
  }

  receive((command) => {
    switch (command.type) {
      case 'ATTEMPT':
        void attempt(command.alert);
        return;
      case 'RECORD':
        void settle(() => input.record(command.delivery));
        return;
      case 'SAVE':
        void settle(() => input.savePosition(command.position.log, command.position.offset));
        return;
    }
  });
  return () => abort.abort();
});

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
