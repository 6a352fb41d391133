/** Refused events: the commit holds dead letters in their place, so a replay decides nothing. */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { jsonOf } from '../messages/event-json.ts';
import { AS_JSON, type InputBlock, type Original, readOrigins } from '../messages/origins.ts';
import { type DeadLetter, RAW_BYTES_MAX } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';

export interface Refusal {
  readonly reason: string;
  /** For people. */
  readonly detail: string;
}

/** The refused rows of a block. */
export type Refusals = Map<number, Refusal>;

/** Refuses a row. Its first reason counts; further details of the same reason are added. */
export function refuse(refusals: Refusals, row: number, reason: string, detail: string): void {
  const known = refusals.get(row);
  if (known === undefined) refusals.set(row, { reason, detail });
  else if (known.reason === reason) refusals.set(row, { reason, detail: `${known.detail}; ${detail}` });
}

/** A block of the accepted events, if there are any, then a block of the dead letters. */
export function withoutRefused(
  type: EventType<DynamicEvent>,
  events: readonly DynamicEvent[],
  refusals: Refusals,
  stream: string,
  originOf: (row: number) => Origin,
): Block[] {
  const letters = events.flatMap((_, row): DeadLetter | [] => {
    const refusal = refusals.get(row);
    return refusal === undefined ? [] : { stream, ...originOf(row), ...refusal };
  });
  const taken = events.filter((_, row) => !refusals.has(row));
  return [...(taken.length === 0 ? [] : [type.encodeBlock(taken)]), deadLetterType.encodeBlock(letters)];
}

type Origin = Omit<DeadLetter, 'stream' | keyof Refusal>;

/** The origin of a row for its dead letter. The original of an event that never was bytes is its JSON. */
export function originsOf(
  { origins }: InputBlock,
  events: readonly DynamicEvent[],
  batch: { readonly source: string; readonly next: number },
): (row: number) => Origin {
  const reader = origins === undefined ? null : readOrigins(origins);
  return (row) => {
    const source = origins?.source ?? batch.source;
    const position = origins?.positions[row] ?? batch.next;
    return { source, position, ...(reader?.original(row) ?? asJson(events[row] ?? {})) };
  };
}

function asJson(event: DynamicEvent): Original {
  const json = Buffer.from(jsonOf(event));
  return { ...AS_JSON, raw: json.subarray(0, RAW_BYTES_MAX), rawLength: json.length };
}
