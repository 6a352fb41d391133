/** The partitions of a stream that keep what they are given, and may be told to take their time or to refuse. */
import type { FilePosition } from '../../src/messages/streams.ts';
import type { Batch, Intake } from '../../src/sources/source.ts';

export interface RecordingIntake extends Intake {
  /** Batches by partition, in the order in which they came. */
  readonly batches: readonly Batch[][];
}

export interface RecordingOptions {
  readonly partitions: number;
  /** Positions that an earlier process committed. */
  readonly committed?: readonly number[];
  /** Of every partition. */
  readonly files?: readonly FilePosition[];
  /** An earlier version has ended the input of these partitions. */
  readonly ended?: boolean;
  /** Runs before a batch is taken; a rejection refuses it. */
  admit?(partition: number, batch: Batch): Promise<void>;
}

export function recordingIntake({
  partitions,
  committed = [],
  files = [],
  ended = false,
  admit,
}: RecordingOptions): RecordingIntake {
  const batches: Batch[][] = Array.from({ length: partitions }, () => []);
  return {
    stream: 'payments.transactions',
    partitions,
    batches,
    open: async () => {},
    close: async () => {},
    position: (_, partition) => committed[partition] ?? 0,
    files: () => files,
    topics: () => [],
    tables: () => [],
    hasEnded: () => ended,
    async deliver(partition, batch) {
      await admit?.(partition, batch);
      batches[partition]?.push(batch);
    },
    hasRoom: () => true,
    offer: () => false,
  };
}
