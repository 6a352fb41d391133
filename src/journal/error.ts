import { isNoSpace, isOutOfDescriptors } from './fs.ts';

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
      /** First event that is damaged or missing. */
      readonly offset: number;
      /** One past the last event known to be affected; equal to `offset` when nothing tells. */
      readonly toOffset: number;
    }
  /** The disk is full. Durable events stay, and waiting ones are written once there is space. */
  | { readonly kind: 'no-space'; readonly log: string; readonly file: string }
  /** The process has no file descriptor left. Waiting events are written once it has, as with a full disk. */
  | { readonly kind: 'no-descriptors'; readonly log: string; readonly file: string }
  /** Writing or syncing failed. The log takes nothing more; after a restart the disk decides what was kept. */
  | { readonly kind: 'io'; readonly log: string; readonly file: string }
  /** The append itself is at fault. It took no offset, and its neighbours are written. */
  | { readonly kind: 'invalid'; readonly log: string }
  /** Too many bytes wait for the disk. The append took no offset. */
  | { readonly kind: 'queue-full'; readonly log: string; readonly queuedBytes: number }
  | { readonly kind: 'closed'; readonly log: string }
  /** A segment is kept in a place of its own, and can't be fetched from there now. */
  | { readonly kind: 'away'; readonly file: string };

export class JournalError extends Error {
  readonly fault: JournalFault;
  constructor(fault: JournalFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'JournalError';
    this.fault = fault;
  }

  get kind(): JournalFault['kind'] {
    return this.fault.kind;
  }

  /** Whether a place elsewhere has failed, and nothing on this machine. */
  get isDown(): boolean {
    return this.fault.kind === 'away';
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error of a write that may succeed later with nothing lost, or else one that ends the log. */
export function writeError(log: string, file: string, error: unknown): JournalError {
  if (error instanceof JournalError) return error;
  if (isNoSpace(error)) {
    return new JournalError(
      { kind: 'no-space', log, file },
      `The disk is full: ${file} can't grow. Nothing that was acknowledged is lost. Free some space; no restart is needed.`,
      error,
    );
  }
  if (isOutOfDescriptors(error)) {
    return new JournalError(
      { kind: 'no-descriptors', log, file },
      `${file} can't be opened (${messageOf(error)}). Nothing that was acknowledged is lost. ` +
        'Raise the limit of open files (ulimit -n) if it stays so.',
      error,
    );
  }
  return new JournalError(
    { kind: 'io', log, file },
    `Writing ${file} failed (${messageOf(error)}). Stopping: only what is on the disk counts now.`,
    error,
  );
}

/** Whether the write can be tried again. */
export function isTransient({ kind }: JournalError): boolean {
  return kind === 'no-space' || kind === 'no-descriptors';
}

export function closedError(log: string): JournalError {
  return new JournalError({ kind: 'closed', log }, `The log ${log} is closed`);
}
