/** What the author of a step's module sees. */

export interface StepFunctionContext<Params = Readonly<Record<string, unknown>>> {
  readonly job: string;
  readonly step: string;
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
  /** [start, end) in epoch milliseconds; both are the same instant in a run by hand. */
  readonly interval: { readonly start: number; readonly end: number };
  readonly params: Params;
  /** Of a step with `map`; else null. */
  readonly item: unknown;
  /** What the steps that this one needs have put out, by their names. */
  readonly results: Readonly<Record<string, unknown>>;
  /** The same for each attempt of this step in this run, and for nothing else. */
  readonly idempotencyKey: string;
  /** Lines of the attempt's log; so are those of `console`. */
  readonly log: Readonly<Record<'debug' | 'info' | 'warn' | 'error', StepLog>>;
  /** Aborts when the attempt is out of time or cancelled: half a second later its process is ended. */
  readonly signal: AbortSignal;
}

type StepLog = (text: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * What it returns is the step's output, as JSON of at most 64 KiB. With `into: STREAM` it returns `{ events: […] }`: these go
 * into the stream, and what stands beside them is the output. What it throws fails the attempt, which is tried again.
 */
export type StepFunction<Params = Readonly<Record<string, unknown>>> = (
  context: StepFunctionContext<Params>,
) => Promise<unknown> | unknown;
