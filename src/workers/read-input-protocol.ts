/** What passes between a file source and the thread that reads its file. */
import type { AvroRecord } from '../messages/avro.ts';
import type { Block } from '../messages/codec.ts';

export interface ReadInputTask {
  readonly path: string;
  readonly stream: string;
  /** Stable name of the source, as it stands in dead letters. */
  readonly source: string;
  readonly schema: AvroRecord;
  readonly keyField: string;
  /** By partition: the last line that it has committed. */
  readonly positions: readonly number[];
}

/** From the reading thread. */
export type ReadInputMessage =
  | {
      readonly kind: 'batch';
      readonly partition: number;
      /** The last line that the batch accounts for. */
      readonly next: number;
      readonly blocks: readonly Block[];
    }
  /** Everything before it makes one unit of backpressure: the reader waits for a credit once it is a few ahead. */
  | { readonly kind: 'chunk'; readonly records: number; readonly skipped: number; readonly lastLine: number };

/** To the reading thread: one more chunk may be read. */
export interface ReadInputCredit {
  readonly kind: 'credit';
}

/** Chunks that the reader may be ahead. */
export const READ_AHEAD_CHUNKS = 3;
