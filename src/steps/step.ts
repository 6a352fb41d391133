/**
 * The port of a step of a job: what an attempt is given, and how it ends. An end is a value, which says whether a
 * failed attempt is tried again or ends the step. An attempt that throws may be tried again.
 */

/** [start, end) in epoch milliseconds; both are the same instant in a run that covers no interval. */
export interface StepInterval {
  readonly start: number;
  readonly end: number;
}

/** One of the items that a step with `map` is run for. */
export interface StepItem {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly value: unknown;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface StepContext {
  readonly job: string;
  readonly step: string;
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
  readonly interval: StepInterval;
  readonly params: Readonly<Record<string, unknown>>;
  /** Null for a step that is not mapped. */
  readonly item: StepItem | null;
  /** The same for each attempt of one step in one run, and for nothing else: another system can tell a repetition by it. */
  readonly idempotencyKey: string;
  /** What the steps that this one needs have put out, by their names; of a mapped one, the list over its items. */
  readonly results: Readonly<Record<string, unknown>>;
  /** A line of the attempt's log. */
  log(level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface StepDone {
  readonly kind: 'done';
  /** Events or rows that it has brought. */
  readonly records: number;
  /** Small JSON for the steps that need this one; null for nothing. */
  readonly output: unknown;
  /**
   * Makes the result seen by others, and resolves once it is durable. Called once, when the attempt can no longer be
   * timed out or cancelled.
   */
  publish?(): Promise<void>;
}

export type StepOutcome =
  | StepDone
  /** `waitMs` is how long the other side asks to wait; null when it asks for nothing. */
  | { readonly kind: 'retryable'; readonly reason: string; readonly waitMs: number | null }
  | { readonly kind: 'permanent'; readonly reason: string };

export interface Step {
  /** Reads what earlier runs brought, from the journal; called once before the first attempt. */
  recover?(): Promise<void>;
  /** Rejects when the signal aborts: the attempt is out of time, or its run is cancelled. */
  attempt(context: StepContext, signal: AbortSignal): Promise<StepOutcome>;
  close?(): Promise<void>;
}
