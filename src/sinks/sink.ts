/**
 * The port of every sink. `deliver` resolves once the receiver has taken the events, and may be called again for the same
 * ones: an event keeps its id, so a receiver that remembers ids takes each event once.
 */
import type { StreamEvent } from '../messages/stream-events.ts';
import type { TraceContext } from '../messages/trace-context.ts';

export interface SinkEvent extends StreamEvent {
  /** The idempotency key: of an alert its own id, of any other event `<log>/<offset>`. */
  readonly id: string;
  /** Its place in the journal. */
  readonly log: string;
  readonly offset: number;
  /** When it was committed there, in ms since 1970. */
  readonly committedAt: number;
  /** Where its delivery is in a trace; absent where nobody traces it. */
  readonly trace?: TraceContext;
  /** It leaves out of the order of its log: others went before it, or it was given up and is asked for again. */
  readonly isOutOfTurn?: true;
}

export interface Sink {
  readonly name: string;
  /** What one delivery has at most; a single event may be larger. */
  readonly batch: { readonly events: number; readonly bytes: number };
  /** Alerts leave in the order of their log too: the receiver remembers up to where it has each log. */
  readonly keepsOrder?: true;
  /** After refusals in a row it is left alone for so long; a minute where that is absent. */
  readonly restMs?: number;
  /** It is given deletions of rows too, where a stream is used as a table; else these are passed over. */
  readonly takesDeletions?: true;
  /**
   * Takes all of the events, at least one, in their order. Rejects when that is not certain, with DeliveryError where the
   * sink knows whether trying again can help.
   */
  deliver(events: readonly SinkEvent[], signal: AbortSignal): Promise<void>;
  /** Lets go of its connections. Nothing is delivered after that. */
  close?(): Promise<void>;
}

/** Why events were not taken. Any other error counts as one that may pass. */
export type DeliveryFault =
  /** The receiver may take them later: unreachable, too slow, overloaded. */
  | { readonly kind: 'transient' }
  /** The receiver has answered that it will never take this request. */
  | { readonly kind: 'permanent'; readonly status?: number };

export class DeliveryError extends Error {
  readonly fault: DeliveryFault;
  constructor(fault: DeliveryFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DeliveryError';
    this.fault = fault;
  }
}

/** The event's JSON with its id in it, for receivers that get no header with each event. */
export function jsonWithId({ id, json }: Pick<SinkEvent, 'id' | 'json'>): string {
  return `{"idempotencyKey":${JSON.stringify(id)},${json.slice(1)}`;
}
