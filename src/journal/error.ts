/** What can go wrong with the journal, told apart by `kind`; every message names the file and what to do. */
export type JournalFault =
  /** Another process holds the data directory. */
  | { readonly kind: 'in-use'; readonly directory: string }
  | { readonly kind: 'not-writable'; readonly directory: string }
  /** Acknowledged data is damaged. Nothing was changed on disk. */
  | {
      readonly kind: 'corrupt';
      readonly log: string;
      readonly file: string;
      readonly byte: number;
      readonly offset: number;
    }
  /** The disk is full; what was durable stays so, and later appends are tried again. */
  | { readonly kind: 'no-space'; readonly log: string; readonly file: string }
  /** Writing or syncing failed; the log takes nothing any more, and what is on disk decides after a restart. */
  | { readonly kind: 'io'; readonly log: string; readonly file: string }
  | { readonly kind: 'closed'; readonly log: string };

export class JournalError extends Error {
  readonly fault: JournalFault;
  constructor(fault: JournalFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'JournalError';
    this.fault = fault;
  }
}
