/**
 * The input of a run: an endless list of transactions, a few of them unreadable, drawn from the seed alone. A partition
 * has its own keys' part of the list, in order, whatever the number of partitions.
 */

import type { Transaction } from '../../src/fraud/schemas.ts';
import { transactionType } from '../../src/fraud/types.ts';
import type { Block } from '../../src/messages/block.ts';
import { deadLetterType, sourceControlType } from '../../src/messages/types.ts';
import type { Random } from '../../src/models/random.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import { START_MS } from './world.ts';

export const OUT_OF_ORDERNESS_MS = 60_000;
export const CUSTOMERS = 24;
/** Mean time between two transactions. */
const STEP_MS = 8_000;
/** One in so many can't be read. */
const BAD_IN = 40;
/** One in so many is large enough for an alert. */
const LARGE_IN = 20;

export type InputItem =
  | { readonly kind: 'transaction'; readonly index: number; readonly transaction: Transaction }
  | { readonly kind: 'bad'; readonly index: number; readonly raw: Buffer };
export type Item = InputItem | { readonly kind: 'end' };

export interface Input {
  /** The items of a partition from a position on, at most so many. */
  take(partition: number, from: number, count: number): readonly Item[];
  /** The input ends behind what was taken: nothing is added but the end, one for each partition. */
  finish(): void;
  /** Items of the partition; Infinity while there is no end. */
  length(partition: number): number;
  /** What was taken, in the order of the list; without the ends. */
  taken(): readonly InputItem[];
}

export function createInput(partitions: number, random: Random): Input {
  let drawn = 0;
  const own: Item[][] = Array.from({ length: partitions }, () => []);
  const takenUpTo = own.map(() => 0);
  let finished = false;

  function add(): void {
    const item = draw(drawn++, random);
    own[partitionOfItem(item, partitions)]?.push(item);
  }

  return {
    take(partition, from, count) {
      const items = own[partition] ?? [];
      while (!finished && items.length < from + count) add();
      takenUpTo[partition] = Math.max(takenUpTo[partition] ?? 0, Math.min(items.length, from + count));
      return items.slice(from, from + count);
    },
    finish() {
      if (finished) return;
      finished = true;
      for (const [partition, items] of own.entries()) {
        items.length = takenUpTo[partition] ?? 0;
        items.push({ kind: 'end' });
      }
    },
    length: (partition) => (finished ? (own[partition]?.length ?? 0) : Number.POSITIVE_INFINITY),
    taken: () =>
      own
        .flatMap((items, partition) => items.slice(0, takenUpTo[partition]))
        .flatMap((item) => (item.kind === 'end' ? [] : [item]))
        .sort((a, b) => a.index - b.index),
  };
}

export function partitionOfItem(item: InputItem, partitions: number): number {
  return item.kind === 'transaction' ? partitionOf(item.transaction.customerId, partitions) : item.index % partitions;
}

function draw(index: number, random: Random): InputItem {
  if (random.below(BAD_IN) === 0) {
    return { kind: 'bad', index, raw: Buffer.from(`unreadable ${index}`) };
  }
  const madeAt = START_MS + index * STEP_MS;
  const large = random.below(LARGE_IN) === 0;
  const transaction: Transaction = {
    transactionId: index,
    customerId: random.below(CUSTOMERS),
    terminalId: random.below(10),
    amountCents: large ? 50_000 + random.below(50_000) : 100 + random.below(9_900),
    // Never so late that a watermark has passed it: then the number of partitions would tell.
    occurredAt: madeAt - random.below(OUT_OF_ORDERNESS_MS),
  };
  return { kind: 'transaction', index, transaction };
}

/** Items as a source delivers them: neighbours of one kind share a block. */
export function blocksOf(stream: string, source: string, items: readonly Item[]): Block[] {
  const blocks: Block[] = [];
  for (let from = 0; from < items.length; ) {
    const kind = items[from]?.kind;
    let to = from;
    while (to < items.length && items[to]?.kind === kind) to++;
    blocks.push(blockOf(stream, source, items.slice(from, to)));
    from = to;
  }
  return blocks;
}

function blockOf(stream: string, source: string, items: readonly Item[]): Block {
  const [first] = items;
  switch (first?.kind) {
    case 'transaction':
      return transactionType.encodeBlock(
        items.flatMap((item) => (item.kind === 'transaction' ? [item.transaction] : [])),
      );
    case 'bad':
      return deadLetterType.encodeBlock(
        items.flatMap((item) =>
          item.kind === 'bad'
            ? [
                {
                  stream,
                  source,
                  position: item.index,
                  reason: 'not-json',
                  detail: 'unreadable',
                  raw: item.raw,
                  rawLength: item.raw.length,
                  format: 'json',
                  context: '',
                },
              ]
            : [],
        ),
      );
    default:
      return sourceControlType.encodeBlock(items.map(() => ({ control: 'endOfInput' as const, watermark: 0 })));
  }
}
