/**
 * The generator: what a simulator makes, day after day, at a rate.
 *
 * Its position is the id of the next transaction: a partition has been given all of its transactions with a lower one.
 * So a restart goes on exactly where each partition was, whatever the rate and the batches were before.
 */

import type { InputBlock } from '../../messages/origins.ts';
import { createHandover } from '../../sources/handover.ts';
import type { Source } from '../../sources/source.ts';
import type { FraudLabel, Transaction } from '../schemas.ts';
import { fraudLabelType, transactionType } from '../types.ts';

/** Transactions of one day in order of time and id, with the kind of fraud of each; 0 for none. */
export interface GeneratedDay {
  readonly transactions: readonly Transaction[];
  readonly scenarios: ArrayLike<number>;
}

export interface GeneratorOptions {
  readonly name: string;
  /** The days from the one of this transaction id on; ids only grow. */
  daysFrom(transactionId: number): Iterable<GeneratedDay>;
  /** 0 is as fast as they are taken. */
  readonly ratePerSecond: number;
  partitionOf(customerId: number, partitions: number): number;
  /** Of a clock that does not jump. */
  nowMs(): number;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const TICKS_PER_SECOND = 10;
export const MAX_BATCH = 4096;
/** What it makes up for after a pause, at most. */
const MAX_ARREARS_MS = 1000;
/** A label is known so long after its transaction. */
const LABEL_DELAY_MS = 7 * 86_400_000;

interface Pending {
  readonly transactions: Transaction[];
  readonly labels: FraudLabel[];
}

export function createGenerator(options: GeneratorOptions): Source {
  const { name, partitionOf } = options;
  const handover = createHandover(name);
  return {
    name,
    async run(intake, signal) {
      let starts: readonly number[] = [];
      let pending: Pending[] = [];
      const pace = createPace(options, intake.partitions, signal);

      async function flush(partition: number): Promise<void> {
        const batch = pending[partition];
        const last = batch?.transactions.at(-1);
        if (batch === undefined || last === undefined) return;
        const positions = Float64Array.from(batch.transactions, ({ transactionId }) => transactionId);
        const origins = { source: name, positions, originals: null };
        const blocks: InputBlock[] = [{ ...transactionType.encodeBlock(batch.transactions), origins }];
        if (batch.labels.length > 0) blocks.push(fraudLabelType.encodeBlock(batch.labels));
        pending[partition] = { transactions: [], labels: [] };
        await handover.deliver(intake, partition, last.transactionId + 1, blocks);
      }

      /** Every delivery has ended when it resolves or rejects, so that a restart finds where each partition stands. */
      async function flushAll(): Promise<void> {
        const settled = await Promise.allSettled(pending.map((_, partition) => flush(partition)));
        const refused = settled.find((result) => result.status === 'rejected');
        if (refused !== undefined) throw refused.reason;
      }

      async function generate(): Promise<void> {
        starts = await handover.open(intake, signal);
        pending = starts.map(() => ({ transactions: [], labels: [] }));
        for (const { transactions, scenarios } of options.daysFrom(Math.min(...starts))) {
          for (const [i, transaction] of transactions.entries()) {
            const partition = partitionOf(transaction.customerId, starts.length);
            const own = pending[partition];
            if (own === undefined || transaction.transactionId < (starts[partition] ?? 0)) continue;
            const scenario = scenarios[i] ?? 0;
            if (scenario !== 0) own.labels.push(labelOf(transaction, scenario));
            if (own.transactions.push(transaction) === MAX_BATCH) await flush(partition);
            if (!pace.endsTick()) continue;
            await flushAll();
            await pace.wait();
            if (signal.aborted) return;
          }
        }
        await flushAll();
      }

      try {
        await generate();
      } catch (error) {
        // A queue that closes refuses the batch; what was not delivered is made again by the next run.
        if (!signal.aborted) throw error;
      }
    },
  };
}

interface Pace {
  /** Counts one transaction; true when the tick has its share. */
  endsTick(): boolean;
  /** Resolves when the next tick is due. */
  wait(): Promise<void>;
}

function createPace({ ratePerSecond, nowMs, sleep }: GeneratorOptions, partitions: number, signal: AbortSignal): Pace {
  const unlimited = ratePerSecond === 0 || ratePerSecond === Number.POSITIVE_INFINITY;
  const perTick = unlimited ? MAX_BATCH * partitions : Math.max(1, Math.round(ratePerSecond / TICKS_PER_SECOND));
  let inTick = 0;
  let dueAtMs = nowMs();
  return {
    endsTick() {
      inTick += 1;
      return inTick === perTick;
    },
    async wait() {
      inTick = 0;
      if (unlimited) return;
      const now = nowMs();
      dueAtMs = Math.max(dueAtMs + (perTick * 1000) / ratePerSecond, now - MAX_ARREARS_MS);
      if (dueAtMs > now) await sleep(dueAtMs - now, signal);
    },
  };
}

function labelOf({ transactionId, customerId, terminalId, occurredAt }: Transaction, scenario: number): FraudLabel {
  return {
    transactionId,
    customerId,
    fraud: true,
    scenario,
    knownAt: occurredAt + LABEL_DELAY_MS,
    origin: 'simulator',
    terminalId,
    occurredAt,
  };
}
