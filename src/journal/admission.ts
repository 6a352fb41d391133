/** Refuses an append before it takes an offset. */
import { JournalError } from './error.ts';
import { isReservedKind, MAX_BODY_BYTES } from './frame.ts';

/** Bytes that may wait for the disk: two of the largest frames. A faster caller is refused. */
export const MAX_QUEUED_BYTES = 2 * MAX_BODY_BYTES;

export interface Asked {
  readonly kind: number;
  readonly count: number;
  readonly bytes: number;
}

/** Null for an append that may be queued behind `queuedBytes`, at `nextOffset`. */
export function refusal(
  log: string,
  { kind, count, bytes }: Asked,
  queuedBytes: number,
  nextOffset: number,
): JournalError | null {
  const invalid = (what: string): JournalError =>
    new JournalError({ kind: 'invalid', log }, `An append to ${log} was refused: ${what}. Nothing was written.`);
  if (!Number.isInteger(kind) || kind < 0 || kind > 0xff) return invalid(`kind ${kind} is not from 0 to 255`);
  if (isReservedKind(kind)) return invalid(`kind ${kind} is the journal's own`);
  if (!Number.isInteger(count) || count < 1 || count > 0xffff_ffff)
    return invalid(`it has ${count} events, not 1 or more`);
  if (!Number.isSafeInteger(nextOffset + count)) return invalid('the log has no offsets left');
  if (bytes > MAX_BODY_BYTES) return invalid(`its ${bytes} bytes are more than the ${MAX_BODY_BYTES} of a frame`);
  if (queuedBytes + bytes <= MAX_QUEUED_BYTES) return null;
  return new JournalError(
    { kind: 'queue-full', log, queuedBytes },
    `${queuedBytes} bytes wait for the disk in ${log}, and at most ${MAX_QUEUED_BYTES} may. Append again when some are durable.`,
  );
}
