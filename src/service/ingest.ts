/**
 * HTTP ingestion: a request's events go to their partitions as one batch each, and the answer waits for the commits.
 * Either every partition that it needs has room, or nothing is taken.
 */
import type { IngestOutcome } from '../http/view.ts';
import type { InputBlock } from '../messages/origins.ts';
import type { Tombstone } from '../messages/streams.ts';
import { tombstoneType } from '../messages/types.ts';
import type { Intake } from '../sources/source.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { HTTP_SOURCE } from '../workers/body-parser.ts';
import type { ParsedBody } from '../workers/parse-body-protocol.ts';

export interface IngestTarget {
  readonly intake: Intake;
  /** Why the stream's logs can't be written now; null when they can. */
  stalled(): string | null;
}

/** A disk is not freed within a second. */
const STALLED_RETRY_SECONDS = 5;

export type Parsed = Extract<ParsedBody, { readonly kind: 'parsed' }>;

export interface Ingest {
  take(body: Parsed): Promise<IngestOutcome>;
  /** The row of a key is gone. */
  remove(tombstone: Tombstone): Promise<IngestOutcome>;
}

export function createIngest(target: IngestTarget): Ingest {
  const { intake } = target;

  async function commit(
    blocks: ReadonlyMap<number, readonly InputBlock[]>,
  ): Promise<Exclude<IngestOutcome, Committed> | null> {
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
    async take({ events, refused, partitions }) {
      const notTaken = await commit(new Map(partitions.map(({ partition, blocks }) => [partition, blocks])));
      if (notTaken !== null) return notTaken;
      const { count, reasons, first } = refused;
      return { kind: 'committed', accepted: events, deadLetters: count, reasons, first };
    },
    async remove(tombstone) {
      const partition = partitionOf(tombstone.key, intake.partitions);
      const refused = await commit(new Map([[partition, [tombstoneType.encodeBlock([tombstone])]]]));
      return refused ?? { kind: 'committed', accepted: 1, deadLetters: 0, reasons: {}, first: [] };
    },
  };
}

type Committed = Extract<IngestOutcome, { readonly kind: 'committed' }>;
