/**
 * The port of every alert sink. `deliver` resolves once the receiver has taken the alert, and may be called again for
 * the same alert, always with the same idempotency key; a receiver that remembers keys sees each alert once.
 */
import type { AlertRaised } from '../messages/payments.ts';

export interface AlertSink {
  readonly name: string;
  /** Rejects when the alert was not taken, with DeliveryError where the sink knows whether trying again can help. */
  deliver(alert: AlertRaised, idempotencyKey: string, signal: AbortSignal): Promise<void>;
}

/** Why an alert was not taken. Any other error counts as one that may pass. */
export type DeliveryFault =
  /** The receiver may take it later: unreachable, too slow, overloaded. */
  | { readonly kind: 'transient' }
  /** The receiver has answered that it will never take this request. */
  | { readonly kind: 'permanent'; readonly status: number };

export class DeliveryError extends Error {
  readonly fault: DeliveryFault;
  constructor(fault: DeliveryFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DeliveryError';
    this.fault = fault;
  }
}
