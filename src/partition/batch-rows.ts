/**
 * A batch by its rows, in the order in which they take effect: events, deletions, controls and dead letters, those that
 * an exchange brought from another log one by one. What is taken of it has the very bytes that it had.
 */
import type { Block } from '../messages/block.ts';
import { jsonOf } from '../messages/event-json.ts';
import { AS_JSON, type InputBlock, readOrigins } from '../messages/origins.ts';
import { decodeSeen, encodeSeen } from '../messages/seen-times.ts';
import { sliceBlock, type WriterOf } from '../messages/slice-block.ts';
import { type DeadLetter, type ExchangedBlock, RAW_BYTES_MAX } from '../messages/streams.ts';
import { exchangedBlockType } from '../messages/types.ts';

export interface BatchRows {
  readonly count: number;
  slice(from: number, to: number): InputBlock[];
  /** Where a row came from, and what it was. */
  origin(row: number): Omit<DeadLetter, 'stream' | 'reason' | 'detail'>;
}

/** One block, or one that an exchange brought in one. */
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
      // That nothing came is said by a block too.
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

  return {
    count,
    slice: (from, to) => pieces.flatMap((piece) => part(piece, from, to) ?? []),
    origin(row) {
      const piece = pieces.find(({ from, rows }) => row >= from && row < from + rows);
      if (piece === undefined) throw new RangeError(`A batch of ${count} rows has no row ${row}`);
      const { block, exchanged, from } = piece;
      const { origins } = block;
      const known = origins === undefined ? null : readOrigins(origins).original(row - from);
      const position = origins?.positions[row - from] ?? batch.next;
      const source = origins?.source ?? exchanged?.log ?? batch.source;
      return { source, position, ...(known ?? asJson(block, row - from, writerOf)) };
    },
  };
}

/** What a part is told of how far logs have come: what the whole block was told, and what lies between its rows and those before. */
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
