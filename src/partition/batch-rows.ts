/**
 * A batch by its rows, in the order in which they take effect: events, deletions, controls and dead letters, those that
 * were forwarded from another log one by one. What is taken of it has the very bytes that it had.
 */
import type { Block } from '../messages/block.ts';
import { jsonOf } from '../messages/event-json.ts';
import { AS_JSON, type InputBlock, readOrigins } from '../messages/origins.ts';
import { sliceBlock, type WriterOf } from '../messages/slice-block.ts';
import { type DeadLetter, type ForwardedBlock, RAW_BYTES_MAX } from '../messages/streams.ts';
import { forwardedBlockType } from '../messages/types.ts';

export interface BatchRows {
  readonly count: number;
  slice(from: number, to: number): InputBlock[];
  /** Where a row came from, and what it was. */
  origin(row: number): Omit<DeadLetter, 'stream' | 'reason' | 'detail'>;
}

/** One block, or one that was forwarded in one. */
interface Piece {
  readonly block: InputBlock;
  readonly forwarded: ForwardedBlock | null;
  readonly from: number;
  readonly rows: number;
}

export function batchRows(
  blocks: readonly InputBlock[],
  batch: { readonly source: string; readonly next: number },
  writerOf: WriterOf,
): BatchRows {
  const pieces: Piece[] = [];
  let count = 0;
  const add = (block: InputBlock, forwarded: ForwardedBlock | null, rows: number): void => {
    pieces.push({ block, forwarded, from: count, rows });
    count += rows;
  };
  for (const block of blocks) {
    if (block.fingerprint !== forwardedBlockType.fingerprint) {
      add(block, null, block.count);
      continue;
    }
    for (const forwarded of forwardedBlockType.decodeBlock(block.bytes)) {
      const { fingerprint, count: rows, block: bytes } = forwarded;
      // That nothing was forwarded is said by a block too.
      add({ fingerprint, count: rows, bytes }, forwarded, Math.max(1, rows));
    }
  }

  function part({ block, forwarded, from, rows }: Piece, start: number, end: number): InputBlock | null {
    const first = Math.max(0, start - from);
    const last = Math.min(rows, end - from);
    if (first >= last) return null;
    if (forwarded === null) return sliceBlock(block, first, last, writerOf);
    const own = block.count === 0 ? block : sliceBlock(block, first, last, writerOf);
    const bytes = Buffer.from(own.bytes.buffer, own.bytes.byteOffset, own.bytes.byteLength);
    return forwardedBlockType.encodeBlock([
      { ...forwarded, fingerprint: own.fingerprint, count: own.count, block: bytes },
    ]);
  }

  return {
    count,
    slice: (from, to) => pieces.flatMap((piece) => part(piece, from, to) ?? []),
    origin(row) {
      const piece = pieces.find(({ from, rows }) => row >= from && row < from + rows);
      if (piece === undefined) throw new RangeError(`A batch of ${count} rows has no row ${row}`);
      const { block, forwarded, from } = piece;
      const { origins } = block;
      const known = origins === undefined ? null : readOrigins(origins).original(row - from);
      const position = origins?.positions[row - from] ?? batch.next;
      const source = origins?.source ?? forwarded?.log ?? batch.source;
      return { source, position, ...(known ?? asJson(block, row - from, writerOf)) };
    },
  };
}

/** Of a block that can't be read, its first row stands for all of it. */
function asJson(
  block: Block,
  row: number,
  writerOf: WriterOf,
): Pick<DeadLetter, 'raw' | 'rawLength' | 'format' | 'context'> {
  let raw: Buffer;
  try {
    raw = Buffer.from(jsonOf(writerOf(block.fingerprint)?.decodeBlock(block.bytes)[row] ?? {}));
  } catch {
    raw = row === 0 ? Buffer.from(block.bytes) : Buffer.alloc(0);
  }
  return { raw: raw.subarray(0, RAW_BYTES_MAX), rawLength: raw.length, ...AS_JSON };
}
