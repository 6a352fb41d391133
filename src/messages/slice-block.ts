/** Cuts blocks. The events of the part are decoded and encoded again, which gives the same bytes. */
import type { Block } from './block.ts';
import type { DynamicEvent, EventType } from './codec.ts';
import { type InputBlock, readOrigins } from './origins.ts';

/** The type that wrote blocks of a fingerprint. */
export type WriterOf = (fingerprint: string) => EventType<DynamicEvent> | undefined;

/** The rows from `from` to before `to`. Throws when the writer's schema is not known. */
export function sliceBlock(block: InputBlock, from: number, to: number, writerOf: WriterOf): InputBlock {
  if (from === 0 && to === block.count) return block;
  const type = writerOf(block.fingerprint);
  if (type === undefined) throw new Error(`The schema ${block.fingerprint} of a block is not known`);
  const own: Block = type.encodeBlock(type.decodeBlock(block.bytes).slice(from, to));
  if (block.origins === undefined) return own;
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  return { ...own, origins: readOrigins(block.origins).select(rows) };
}

/** The blocks without their first rows. */
export function dropRows(blocks: readonly InputBlock[], rows: number, writerOf: WriterOf): InputBlock[] {
  let left = rows;
  return blocks.flatMap((block) => {
    const dropped = Math.min(left, block.count);
    left -= dropped;
    return dropped === block.count ? [] : [sliceBlock(block, dropped, block.count, writerOf)];
  });
}

export function rowsOf(blocks: readonly Block[]): number {
  return blocks.reduce((rows, { count }) => rows + count, 0);
}
