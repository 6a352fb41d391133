/**
 * HTTP ingestion: a request's events go to their partitions as one batch each, and the answer waits for the commits.
 * Either every partition that it needs has room, or nothing is taken.
 */
import type { IngestOutcome } from '../http/view.ts';
import type { Block } from '../messages/block.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';
import type { Intake } from '../sources/source.ts';
import { partitionOf } from '../streams/partitioner.ts';

export interface IngestTarget {
  readonly intake: Intake;
  readonly keyField: string;
  encode(events: readonly DynamicEvent[]): Block;
  /** Why the stream's logs can't be written now; null when they can. */
  stalled(): string | null;
}

export const HTTP_SOURCE = 'http';
/** A disk is not freed within a second. */
const STALLED_RETRY_SECONDS = 5;

export interface DecodedBody {
  readonly events: readonly DynamicEvent[];
  readonly deadLetters: readonly DeadLetter[];
}

export function createIngest(target: IngestTarget): (body: DecodedBody) => Promise<IngestOutcome> {
  const { intake, keyField } = target;
  return async ({ events, deadLetters }) => {
    const reason = target.stalled();
    if (reason !== null) return { kind: 'stalled', reason, retryAfterSeconds: STALLED_RETRY_SECONDS };
    const blocks = new Map<number, Block[]>();
    for (const [partition, own] of byPartition(events, keyField, intake.partitions)) {
      blocks.set(partition, [target.encode(own)]);
    }
    if (deadLetters.length > 0) {
      const own = blocks.get(0) ?? [];
      own.push(deadLetterType.encodeBlock(deadLetters));
      blocks.set(0, own);
    }
    if (![...blocks.keys()].every((partition) => intake.hasRoom(partition))) {
      return { kind: 'busy', retryAfterSeconds: 1 };
    }
    try {
      await Promise.all(
        [...blocks].map(
          ([partition, own]) =>
            new Promise<void>((resolve, reject) => {
              const onDurable = (): void => resolve();
              intake.offer(partition, {
                source: HTTP_SOURCE,
                next: null,
                blocks: own,
                onDurable,
                onRejected: reject,
              });
            }),
        ),
      );
    } catch {
      return { kind: 'stopping' };
    }
    return { kind: 'committed', accepted: events.length, deadLetters: deadLetters.length };
  };
}

function byPartition(
  events: readonly DynamicEvent[],
  keyField: string,
  partitions: number,
): Map<number, DynamicEvent[]> {
  const groups = new Map<number, DynamicEvent[]>();
  for (const event of events) {
    const key = event[keyField];
    const partition = partitionOf(
      typeof key === 'number' || typeof key === 'string' ? key : JSON.stringify(key),
      partitions,
    );
    const group = groups.get(partition);
    if (group === undefined) groups.set(partition, [event]);
    else group.push(event);
  }
  return groups;
}
