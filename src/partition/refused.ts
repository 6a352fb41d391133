/** Events that a partition does not take stand in the commit as dead letters in their place, so a replay decides nothing. */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { jsonOf } from '../messages/event-json.ts';
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
  origin: Pick<DeadLetter, 'stream' | 'source' | 'position'>,
): Block[] {
  const letters = events.flatMap((event, row): DeadLetter | [] => {
    const refusal = refusals.get(row);
    if (refusal === undefined) return [];
    const raw = Buffer.from(jsonOf(event));
    return { ...origin, ...refusal, raw: raw.subarray(0, RAW_BYTES_MAX), rawLength: raw.length };
  });
  const taken = events.filter((_, row) => !refusals.has(row));
  return [...(taken.length === 0 ? [] : [type.encodeBlock(taken)]), deadLetterType.encodeBlock(letters)];
}
