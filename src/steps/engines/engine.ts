/** An engine that is not DuckDB: it gets a whole statement, and gives the rows back in a form that DuckDB reads. */
import type { StepHost } from '../adapter.ts';
import type { StepContext } from '../step.ts';

/** Rows of another engine, until they are released. */
export interface EngineRows {
  /** DuckDB's statement that reads them, with their types. */
  readonly sql: string;
  /** Removes what they are read from. */
  release(): Promise<void>;
}

export interface EngineCall {
  /** With literals in its places. */
  readonly sql: string;
  readonly context: StepContext;
  readonly host: StepHost;
  readonly signal: AbortSignal;
}

/** What an engine says. `isOfStatement`: it would say the same again. */
export class EngineError extends Error {
  readonly isOfStatement: boolean;
  constructor(message: string, isOfStatement: boolean) {
    super(message);
    this.name = 'EngineError';
    this.isOfStatement = isOfStatement;
  }
}
