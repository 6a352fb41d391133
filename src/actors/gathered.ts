/**
 * Batches on their way through a mailbox: whole batches, parts of a divided batch, and several batches of one source that
 * become one commit. The log shows where the cuts were, so a replay decides nothing.
 */
import { handoverOf } from '../messages/trace-context.ts';
import { withinBatch } from '../partition/within-batch.ts';
import type { Batch } from '../sources/source.ts';

/** A batch in flight, and the position of its source after it. */
export interface Taken extends Batch {
  readonly next: number;
}

/** A part of a batch, or a whole one. */
export interface Queued extends Batch {
  /** Present where this is a part of a batch. */
  readonly isPart?: true;
  readonly within?: { readonly source: string; readonly next: number; readonly rows: number };
}

/** About the size of a source's own large batches. Beyond it, a commit costs little beside its events. */
export const GATHERED_BYTES = 64 * 1024;

/**
 * Several batches as one. The source then stands where it stands after the last of them; `before` is its position before
 * the first.
 */
export function together(batches: readonly Queued[], before: number): Taken {
  const [first] = batches;
  const last = batches.at(-1);
  if (first === undefined || last === undefined) throw new Error('No batch was taken');
  const next = last.next ?? before + batches.reduce((sum, batch) => sum + eventsOf(batch), 0);
  if (batches.length === 1) return { ...first, next };
  const trace = handoverOf(batches);
  const blocks = batches.flatMap((own) => own.blocks);
  return { source: first.source, next, blocks, ...(trace === null ? {} : { trace }) };
}

/** How many of the waiting batches go into one commit with `first`, within a bound of bytes. */
export function gatheredWith(first: Queued, waiting: readonly Queued[], mostBytes: number): number {
  let bytes = bytesOf(first);
  let last = first;
  for (const [i, batch] of waiting.entries()) {
    bytes += bytesOf(batch);
    if (bytes >= mostBytes || !areOne(last, batch)) return i;
    last = batch;
  }
  return waiting.length;
}

/** Whether two batches may be one commit: neither says anything beside its source's position. */
function areOne(a: Queued, b: Queued): boolean {
  if (a.source !== b.source || !isPlain(a) || !isPlain(b)) return false;
  return a.next === null ? b.next === null : b.next !== null && b.next > a.next;
}

function isPlain({ request, within, cutOffs, isPart }: Queued): boolean {
  return request === undefined && within === undefined && cutOffs === undefined && isPart === undefined;
}

function bytesOf({ blocks }: Batch): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Makes a part of a batch. Every part but the last keeps the source's position under a name of its own. */
export function partOf(
  batch: Queued,
  { blocks, from, to }: { readonly blocks: Batch['blocks']; readonly from: number; readonly to: number },
  isLast: boolean,
): Queued {
  const { source, next, request, onDurable, onRejected, within, cutOffs, trace } = batch;
  const own = {
    blocks,
    isPart: true as const,
    ...(cutOffs === undefined ? {} : { cutOffs }),
    ...(trace === undefined ? {} : { trace }),
    ...(request === undefined ? {} : { request: { ...request, rowsBefore: request.rowsBefore + from } }),
    ...(isLast && onDurable !== undefined ? { onDurable } : {}),
    ...(onRejected === undefined ? {} : { onRejected }),
  };
  if (next === null) return { source, next, ...own };
  const whole = within ?? { source, next, rows: 0 };
  const inside = { ...whole, rows: whole.rows + from };
  if (isLast) return { source, next, ...own, within: inside };
  return { source: withinBatch(whole.source, whole.next), next: whole.rows + to, ...own, within: inside };
}

export function eventsOf({ blocks }: Batch): number {
  return blocks.reduce((count, block) => count + block.count, 0);
}
