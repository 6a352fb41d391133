/** Events that a partition does not take stand in the commit as dead letters in their place, so a replay decides nothing. */
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

/** By row, those of the rows of a block that are not taken. */
export type Refusals = Map<number, Refusal>;

/** Of several reasons the first is the dead letter's; details of the same reason come together. */
export function refuse(refusals: Refusals, row: number, reason: string, detail: string): void {
  const known = refusals.get(row);
  if (known === undefined) refusals.set(row, { reason, detail });
  else if (known.reason === reason) refusals.set(row, { reason, detail: `${known.detail}; ${detail}` });
}

/** A block of those that are taken, if any are, then that of the dead letters. */
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

/** What the dead letter of a row says of where its event came from; of one that never was bytes the original is its JSON. */
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
