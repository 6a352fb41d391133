/**
 * A batch on its way through one partition: what the consumer has decoded, and what the derivers add to it.
 * It is the only thing that passes between a partition's actors; they share nothing else.
 */
import type { DynamicEvent } from '../messages/codec.ts';
import type { AlertRaised, CaseChanged, SessionClosed, Transaction, TransactionScored } from '../messages/payments.ts';
import type { LateEvent, WindowResult } from '../messages/streams.ts';

/** Events in arrival order, each with its time and the watermark after it. */
export interface EventsStep {
  readonly kind: 'events';
  readonly events: readonly DynamicEvent[];
  /** The same events, where the stream is one of transactions. */
  readonly transactions: readonly Transaction[] | null;
  readonly timesMs: Float64Array;
  /** The watermark before the first event. */
  readonly watermarkBeforeMs: number;
  readonly watermarksMs: Float64Array;
}

/** The watermark moves without an event: scripted, or at the end of input. */
export interface WatermarkStep {
  readonly kind: 'watermark';
  readonly watermarkMs: number;
}

export type Step = EventsStep | WatermarkStep;

export interface Derived {
  readonly windows: WindowResult[];
  readonly late: LateEvent[];
  readonly sessions: SessionClosed[];
  readonly scores: TransactionScored[];
  readonly alerts: AlertRaised[];
  readonly cases: CaseChanged[];
}

export interface Work {
  readonly steps: readonly Step[];
  readonly derived: Derived;
}

export function noDerived(): Derived {
  return { windows: [], late: [], sessions: [], scores: [], alerts: [], cases: [] };
}
