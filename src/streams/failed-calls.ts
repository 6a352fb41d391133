/**
 * Dead letters for events that an operator failed on. They concern this operator alone: the partition has taken the event.
 */
import type { BlockWriter } from '../messages/block.ts';
import { AS_JSON } from '../messages/origins.ts';
import { type DeadLetter, RAW_BYTES_MAX } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';
import type { OperatorOutput } from './operator.ts';

export interface FailedCall {
  /** For people: an event of a stream, or a timer. */
  readonly what: string;
  /** For people: the place of the event or timer in a log. Left out of a dead letter, which stands in the same commit. */
  readonly place?: string;
  readonly stream: string;
  /** The event's number among the events that the operator was given. */
  readonly position: number;
  /** The event as JSON. */
  readonly json: string;
  readonly error: unknown;
  /** A short code; absent for a failure of an operator's code. */
  readonly reason?: string;
}

/** An expression failed on the event: a cast, or a number beyond 64 bits. */
export const EXPRESSION_FAILED = 'expression-failed';

export type LetterWriter = BlockWriter<DeadLetter>;

export function pushLetter(letters: LetterWriter, operator: string, failed: FailedCall): void {
  const { what, stream, position, json, error, reason = 'operator-failed' } = failed;
  const why = error instanceof Error ? error.message : String(error);
  const raw = Buffer.from(json);
  letters.push({
    stream,
    source: operator,
    position,
    reason,
    detail: `${what}: ${why}`,
    raw: raw.subarray(0, RAW_BYTES_MAX),
    rawLength: raw.length,
    ...AS_JSON,
  });
}

/** All dead letters of an operator are one output, whichever input they are of. */
export function letterOutput(stream: string, letters: LetterWriter): OperatorOutput {
  return { stream: `${stream}.dead-letters`, type: deadLetterType, events: letters };
}
