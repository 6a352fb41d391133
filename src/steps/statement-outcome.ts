/**
 * The end of an attempt whose statement failed. An error about the statement would come again, so it ends the step; an
 * error about the machine may pass, so the step is tried again.
 */
import { EngineError } from './engines/engine.ts';
import type { StepOutcome } from './step.ts';

const OF_THE_STATEMENT =
  /^(Binder|Parser|Catalog|Conversion|Invalid Input|Invalid Type|Mismatch Type|Not implemented|Out of Range|Constraint) Error|^A step has one statement|^The statement of a step reads|^The run has no rows/;

export function failedStatement(error: unknown): StepOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof EngineError && error.isOfStatement) return { kind: 'permanent', reason };
  return OF_THE_STATEMENT.test(reason) ? { kind: 'permanent', reason } : { kind: 'retryable', reason, waitMs: null };
}
