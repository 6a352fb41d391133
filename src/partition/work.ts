/**
 * A batch on its way through one partition: what the consumer has decoded, and what the derivers add to it.
 * It is the only thing that passes between a partition's actors; they share nothing else.
 */
import type { Columns } from '../messages/columns.ts';
import type { DerivedRows } from '../messages/derived-event.ts';
import type { JoinResult } from '../messages/join-result.ts';
import type { AlertRaised, CaseChanged, SessionClosed, TransactionScored } from '../messages/payments.ts';
import type { Flush, LateEvent, SourceControl } from '../messages/streams.ts';
import type { WindowResult } from '../messages/window-result.ts';

/** Events in arrival order, each with its time and the watermark after it. */
export interface EventsStep {
  readonly kind: 'events';
  /** The log that they were taken from; empty for the partition's own. */
  readonly channel: string;
  readonly columns: Columns;
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

/** All that is open is to be given as it is. */
export interface FlushStep {
  readonly kind: 'flush';
  /** Where the watermark stays. */
  readonly watermarkMs: number;
}

/** A row of a table is gone. */
export interface DeletionStep {
  readonly kind: 'deletion';
  readonly channel: string;
  readonly key: string | number;
  readonly occurredAt: number;
  /** The watermark after it. */
  readonly watermarkMs: number;
}

export type Step = EventsStep | WatermarkStep | FlushStep | DeletionStep;

/** Takes events one by one, in order. */
export interface Sink<T> {
  push(event: T): unknown;
}

/** Where the derivers put what they derive. */
export interface Derived {
  /** By the window's name. */
  readonly windows: ReadonlyMap<string, Sink<WindowResult>>;
  /** Of the partition's join, if it has one. */
  readonly joined: Sink<JoinResult>;
  /** How far its results have come. */
  readonly controls: Sink<SourceControl>;
  /** That all of its results so far were given. */
  readonly flushes: Sink<Flush>;
  /** By the derived stream's name. */
  readonly selected: ReadonlyMap<string, DerivedRows>;
  readonly late: Sink<LateEvent>;
  readonly sessions: Sink<SessionClosed>;
  readonly scores: Sink<TransactionScored>;
  readonly alerts: Sink<AlertRaised>;
  readonly cases: Sink<CaseChanged>;
}

export interface Work {
  readonly steps: readonly Step[];
  readonly derived: Derived;
}
