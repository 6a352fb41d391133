/** Simulated transactions as batches of their partitions: made and encoded before a clock starts. */
import { simulateDays } from '../dist/fraud/simulator.js';
import { transactionType } from '../dist/fraud/types.js';
import type { Batch } from '../dist/sources/source.js';
import { partitionOf } from '../dist/streams/partitioner.js';

export interface MadeBatch {
  readonly partition: number;
  readonly block: Batch['blocks'][number];
  readonly events: number;
  /** Events up to the end of its tick: of all partitions together. */
  readonly next: number;
}

const BATCH = 2048;
const CUSTOMERS = 5_000;

/** `batch`: events of one, about. */
export function makeBatches(events: number, partitions: number, customers = CUSTOMERS, batch = BATCH): MadeBatch[] {
  const batches: MadeBatch[] = [];
  const spec = { seed: 1, customers, terminals: 10_000, startAt: Date.UTC(2018, 3, 1), days: null };
  let made = 0;
  for (const { transactions } of simulateDays(spec)) {
    for (let at = 0; at < transactions.length && made < events; at += batch * partitions) {
      const slice = transactions.slice(at, Math.min(at + batch * partitions, at + events - made));
      made += slice.length;
      for (let partition = 0; partition < partitions; partition++) {
        const own = slice.filter(({ customerId }) => partitionOf(customerId, partitions) === partition);
        const block = transactionType.encodeBlock(own);
        if (own.length > 0) batches.push({ partition, block, events: own.length, next: made });
      }
    }
    if (made >= events) return batches;
  }
  return batches;
}
