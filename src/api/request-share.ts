/**
 * The share that a partition has of a request, as batches: each is one commit, far below what a frame of the journal may
 * hold, and short enough that the event loop answers between two of them.
 */
import type { InputBlock } from '../messages/origins.ts';
import { dropRows, rowsOf, type WriterOf } from '../messages/slice-block.ts';

/** One batch of a share. */
export interface ShareBatch {
  readonly blocks: readonly InputBlock[];
  /** Rows of the share that come before it. */
  readonly rowsBefore: number;
}

/** A request up to this size is one commit a partition. */
const BATCH_ROWS = 16_384;
const BATCH_BYTES = 4 * 1024 * 1024;

/** In batches, without the first rows, which the partition has. */
export function batchesOf(share: readonly InputBlock[], rowsTaken: number, writerOf: WriterOf): ShareBatch[] {
  const batches: ShareBatch[] = [];
  let rowsBefore = rowsTaken;
  let own: InputBlock[] = [];
  let bytes = 0;
  const close = (): void => {
    if (own.length > 0) batches.push({ blocks: own, rowsBefore });
    rowsBefore += rowsOf(own);
    own = [];
    bytes = 0;
  };
  for (const block of dropRows(share, rowsTaken, writerOf)) {
    const isFull = rowsOf(own) + block.count > BATCH_ROWS || bytes + block.bytes.byteLength > BATCH_BYTES;
    if (isFull && own.length > 0) close();
    own.push(block);
    bytes += block.bytes.byteLength;
  }
  close();
  return batches;
}
