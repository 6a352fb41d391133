/**
 * A batch by its rows, in the order in which they take effect: events, deletions, controls and dead letters, also those
 * that an exchange brought from another log. A part of a batch keeps the very bytes that its rows had.
 */
import type { Block } from '../messages/block.ts';
import { jsonOf } from '../messages/event-json.ts';
import { AS_JSON, type InputBlock, readOrigins } from '../messages/origins.ts';
import { decodeSeen, encodeSeen } from '../messages/seen-times.ts';
import { sliceBlock, type WriterOf } from '../messages/slice-block.ts';
import { type DeadLetter, type ExchangedBlock, RAW_BYTES_MAX } from '../messages/streams.ts';
import { exchangedBlockType } from '../messages/types.ts';

import { logOfInputChannel } from './input-channel.ts';
import { isPlace } from './known-places.ts';

export interface BatchRows {
  readonly count: number;
  slice(from: number, to: number): InputBlock[];
  /** Whether the row is a reading position. No operator sees such a row; without it the same input is read again. */
  isPlace(row: number): boolean;
  /** The origin of a row, as a dead letter needs it. */
  origin(row: number): Omit<DeadLetter, 'stream' | 'reason' | 'detail'>;
}

/** A block, or a block that an exchange brought inside another. */
interface Piece {
  readonly block: InputBlock;
  readonly exchanged: ExchangedBlock | null;
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
  const add = (block: InputBlock, exchanged: ExchangedBlock | null, rows: number): void => {
    pieces.push({ block, exchanged, from: count, rows });
    count += rows;
  };
  for (const block of blocks) {
    if (block.fingerprint !== exchangedBlockType.fingerprint) {
      add(block, null, block.count);
      continue;
    }
    for (const exchanged of exchangedBlockType.decodeBlock(block.bytes)) {
      const { fingerprint, count: rows, block: bytes } = exchanged;
      // A block without events is a row too: it says that nothing came.
      add({ fingerprint, count: rows, bytes }, exchanged, Math.max(1, rows));
    }
  }

  function part({ block, exchanged, from, rows }: Piece, start: number, end: number): InputBlock | null {
    const first = Math.max(0, start - from);
    const last = Math.min(rows, end - from);
    if (first >= last) return null;
    if (exchanged === null) return sliceBlock(block, first, last, writerOf);
    const own = block.count === 0 ? block : sliceBlock(block, first, last, writerOf);
    const bytes = Buffer.from(own.bytes.buffer, own.bytes.byteOffset, own.bytes.byteLength);
    const { before, seen } = timesOfPart(exchanged, first, last);
    const { log } = exchanged;
    return exchangedBlockType.encodeBlock([
      { log, before, fingerprint: own.fingerprint, count: own.count, block: bytes, seen },
    ]);
  }

  const pieceOf = (row: number): Piece | undefined => pieces.find(({ from, rows }) => row >= from && row < from + rows);

  return {
    count,
    slice: (from, to) => pieces.flatMap((piece) => part(piece, from, to) ?? []),
    isPlace: (row) => isPlace(pieceOf(row)?.block.fingerprint ?? ''),
    origin(row) {
      const piece = pieceOf(row);
      if (piece === undefined) throw new RangeError(`A batch of ${count} rows has no row ${row}`);
      const { block, exchanged, from } = piece;
      const { origins } = block;
      const known = origins === undefined ? null : readOrigins(origins).original(row - from);
      const position = origins?.positions[row - from] ?? batch.next;
      const source = origins?.source ?? (exchanged === null ? batch.source : logOfInputChannel(exchanged.log));
      return { source, position, ...(known ?? asJson(block, row - from, writerOf)) };
    },
  };
}

/** A batch without its first rows. */
export function rowsFrom(blocks: readonly InputBlock[], from: number, writerOf: WriterOf): InputBlock[] {
  const all = batchRows(blocks, { source: '', next: 0 }, writerOf);
  return all.slice(from, all.count);
}

/** The log times for a part: those of the whole block, and those between the part's rows and earlier ones. */
function timesOfPart(
  { log, before, seen, count }: ExchangedBlock,
  first: number,
  last: number,
): Pick<ExchangedBlock, 'before' | 'seen'> {
  const seenMs = decodeSeen(seen, count);
  if (seenMs === null) return { before, seen };
  const occurredAt = seenMs.subarray(0, first).findLast((timeMs) => !Number.isNaN(timeMs));
  return {
    before: occurredAt === undefined ? before : [...before, { log, occurredAt, watermark: null }],
    seen: encodeSeen(seenMs.subarray(first, last)),
  };
}

/** A row as JSON. In a block that can't be read the first row stands for all. */
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
