/**
 * Divides a batch that fails whenever it is applied. It is tried in halves, on copies of the partition's state, until every
 * row is known to be good or to fail. A failing row becomes a dead letter in its place. Rows that derive more than one
 * commit may hold become several commits.
 */
import { TooLargeError } from '../messages/block.ts';
import type { Commit } from '../messages/commit.ts';
import type { InputBlock } from '../messages/origins.ts';
import type { WriterOf } from '../messages/slice-block.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';
import { type BatchRows, batchRows } from './batch-rows.ts';
import { deriveAll, type PartitionFold } from './derivation.ts';
import type { PartitionInput } from './partition.ts';
import { decodeSnapshot, encodeSnapshot, type PartitionSnapshot } from './snapshot.ts';

/** Rows of a batch that become one commit, and those among them that are not taken. */
export interface BatchPart {
  readonly from: number;
  readonly to: number;
  readonly failing: readonly { readonly row: number; readonly error: string }[];
}

/** Far below what a frame of the journal may hold. */
const COMMIT_BYTES_MAX = 160 * 1024 * 1024;
/** Attempts of one division. Rows that are still in doubt afterwards are not taken. */
const TRIALS_MAX = 500;

/** Throws a TooLargeError when the commit has more than `bytesMax` bytes. */
export function requireCommitSize({ sections }: Commit, bytesMax = COMMIT_BYTES_MAX): void {
  const bytes = sections.reduce((sum, section) => sum + section.bytes.byteLength, 0);
  if (bytes > bytesMax) {
    throw new TooLargeError(`What the batch gives has ${bytes} bytes; one commit has at most ${bytesMax}`);
  }
}

/** `now` is the state before the batch. `newFold` makes a partition at the start of its log. */
export function divide(
  batch: PartitionInput,
  committedAt: number,
  now: PartitionSnapshot,
  newFold: () => PartitionFold,
  writerOf: WriterOf,
  commitBytesMax = COMMIT_BYTES_MAX,
): BatchPart[] {
  const rows = batchRows(batch.blocks, batch, writerOf);
  // Encoded, since a snapshot may share memory with the live state.
  let state = encodeSnapshot(now);
  let trials = 0;

  function failureOf(from: number, to: number): Error | null {
    try {
      const fold = newFold();
      const before = decodeSnapshot(state);
      if (before !== null) fold.restore(before);
      const { source, next, cutOffs = [] } = batch;
      const own = { source, next, blocks: rows.slice(from, to), cutOffs };
      requireCommitSize(
        fold.partition.apply(own, (steps) => deriveAll(fold, steps), committedAt).commit,
        commitBytesMax,
      );
      state = encodeSnapshot(fold.snapshot());
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
  function partsOf(from: number, to: number): BatchPart[] {
    trials += 1;
    const failure = failureOf(from, to);
    if (failure === null) return [{ from, to, failing: [] }];
    if (to - from === 1 || trials >= TRIALS_MAX) return [allFailing(from, to, failure.message)];
    const middle = from + Math.floor((to - from) / 2);
    const before = partsOf(from, middle);
    const after = partsOf(middle, to);
    return failure instanceof TooLargeError ? [...before, ...after] : joined(before, after);
  }
  return partsOf(0, rows.count);
}

export function allFailing(from: number, to: number, error: string): BatchPart {
  return { from, to, failing: Array.from({ length: to - from }, (_, i) => ({ row: from + i, error })) };
}

/** Joins parts that were tried apart only to find the failing row: together they are one commit. */
function joined(before: readonly BatchPart[], after: readonly BatchPart[]): BatchPart[] {
  const last = before.at(-1);
  const [first] = after;
  if (last === undefined || first === undefined) return [...before, ...after];
  const both = { from: last.from, to: first.to, failing: [...last.failing, ...first.failing] };
  return [...before.slice(0, -1), both, ...after.slice(1)];
}

/** The blocks of a part, with a dead letter for each row that is not taken: it has as many rows as the part. */
export function blocksOfPart(rows: BatchRows, { from, to, failing }: BatchPart, stream: string): InputBlock[] {
  const blocks: InputBlock[] = [];
  const letters: DeadLetter[] = [];
  let start = from;
  for (const { row, error } of failing) {
    if (row > start) blocks.push(...rows.slice(start, row));
    letters.push({ stream, ...rows.origin(row), reason: 'quarantined', detail: error });
    start = row + 1;
  }
  if (to > start) blocks.push(...rows.slice(start, to));
  if (letters.length > 0) blocks.push(deadLetterType.encodeBlock(letters));
  return blocks;
}
