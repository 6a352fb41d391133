/**
 * Carries out a delivery's requests one at a time: it hands events to the sink, or has an outcome written down. It decides
 * nothing. When the delivery stops or fails, the request under way is aborted.
 */
import { fromCallback } from 'xstate';
import { DeliveryError, type Sink } from '../sinks/sink.ts';
import type { Pending } from './delivery-queue.ts';
import { asError } from './supervised.ts';

/** The outcome of events, which are settled once the outcome is written down. */
export interface Outcome {
  readonly kind: 'delivered' | 'abandoned';
  readonly events: readonly Pending[];
  readonly error: string | null;
}

export interface CourierPorts {
  readonly sink: Sink;
  /** Resolves once the outcome is durable, where it has to be durable. */
  settle(outcome: Outcome): Promise<void>;
}

export type CourierCommand =
  | { readonly type: 'ATTEMPT'; readonly events: readonly Pending[] }
  | { readonly type: 'SETTLE'; readonly outcome: Outcome };

export type CourierReport =
  | { readonly type: 'DELIVERED' }
  | { readonly type: 'REFUSED'; readonly message: string; readonly permanent: boolean }
  /** The outcome is durable. */
  | { readonly type: 'SETTLED' }
  /** The journal did not take the outcome. */
  | { readonly type: 'UNSETTLED'; readonly error: Error };

export const courier = fromCallback<CourierCommand, CourierPorts>(({ input, receive, sendBack }) => {
  const abort = new AbortController();
  const report = (event: CourierReport): void => {
    if (!abort.signal.aborted) sendBack(event);
  };

  async function attempt(events: readonly Pending[]): Promise<void> {
    try {
      await input.sink.deliver(
        events.map(({ event }) => event),
        abort.signal,
      );
      report({ type: 'DELIVERED' });
    } catch (error) {
      const permanent = error instanceof DeliveryError && error.fault.kind === 'permanent';
      report({ type: 'REFUSED', message: asError(error).message, permanent });
    }
  }

  async function settle(outcome: Outcome): Promise<void> {
    try {
      await input.settle(outcome);
      report({ type: 'SETTLED' });
    } catch (error) {
      report({ type: 'UNSETTLED', error: asError(error) });
    }
  }

  receive((command) => {
    switch (command.type) {
      case 'ATTEMPT':
        void attempt(command.events);
        return;
      case 'SETTLE':
        void settle(command.outcome);
        return;
    }
  });
  return () => abort.abort();
});
