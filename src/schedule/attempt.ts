/** How one attempt of a run ends, as a value: what failed is tried again, or ends the run. */

/** What an attempt found that is new. */
export interface Brought {
  readonly records: number;
  /** Resolves once all of it is durable. */
  deliver(): Promise<void>;
}

export type AttemptOutcome =
  | { readonly kind: 'fetched'; readonly brought: Brought }
  /** `waitMs` is how long the other side asks to wait; null when it asks for nothing. */
  | { readonly kind: 'retryable'; readonly reason: string; readonly waitMs: number | null }
  | { readonly kind: 'permanent'; readonly reason: string };
