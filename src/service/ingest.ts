/**
 * HTTP ingestion: a request's events go to their partitions as one batch each, and the answer waits for the commits.
 * Either every partition that it needs has room, or nothing is taken.
 */
import type { IngestOutcome } from '../http/view.ts';
import type { Block } from '../messages/block.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import type { DeadLetter, Tombstone } from '../messages/streams.ts';
import { deadLetterType, tombstoneType } from '../messages/types.ts';
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

export interface Ingest {
  take(body: DecodedBody): Promise<IngestOutcome>;
  /** The row of a key is gone. */
  remove(tombstone: Tombstone): Promise<IngestOutcome>;
}

export function createIngest(target: IngestTarget): Ingest {
  const { intake, keyField } = target;

  async function commit(blocks: ReadonlyMap<number, Block[]>): Promise<Exclude<IngestOutcome, Committed> | null> {
    const reason = target.stalled();
    if (reason !== null) return { kind: 'stalled', reason, retryAfterSeconds: STALLED_RETRY_SECONDS };
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
    return null;
  }

  return {
    async take({ events, deadLetters }) {
      const blocks = new Map<number, Block[]>();
      for (const [partition, own] of byPartition(events, keyField, intake.partitions)) {
        blocks.set(partition, [target.encode(own)]);
      }
      if (deadLetters.length > 0) {
        const own = blocks.get(0) ?? [];
        own.push(deadLetterType.encodeBlock(deadLetters));
        blocks.set(0, own);
      }
      const refused = await commit(blocks);
      return refused ?? { kind: 'committed', accepted: events.length, deadLetters: deadLetters.length };
    },
    async remove(tombstone) {
      const partition = partitionOf(tombstone.key, intake.partitions);
      const refused = await commit(new Map([[partition, [tombstoneType.encodeBlock([tombstone])]]]));
      return refused ?? { kind: 'committed', accepted: 1, deadLetters: 0 };
    },
  };
}

type Committed = Extract<IngestOutcome, { readonly kind: 'committed' }>;

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
