import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createGenerator } from '../../src/fraud/pipeline/generator.ts';
import { type Transaction, transactionSchema } from '../../src/fraud/schemas.ts';
import { dayOfTransaction, type SimulationSpec, simulateDays } from '../../src/fraud/simulator.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';
import { createFileSource } from '../../src/sources/file/file.ts';
import type { Batch } from '../../src/sources/source.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import { startBatchPool } from '../../src/workers/pool.ts';
import { journaledPartitions, newJournal, nextTurn } from './journaled-partitions.ts';
import { scriptedGroup } from './scripted-group.ts';
import { type SourceSubject, sourceContract } from './source-contract.ts';

const SPEC: SimulationSpec = { seed: 5, customers: 40, terminals: 40, startAt: Date.UTC(2021, 0, 1), days: 4 };
const PARTITIONS = 3;
const transactions = [...simulateDays(SPEC)].flatMap((day) => day.transactions);
const byPartition = Array.from({ length: PARTITIONS }, (_, partition) =>
  transactions.filter(({ customerId }) => partitionOf(customerId, PARTITIONS) === partition),
);
const lineOf = (event: Transaction): string => JSON.stringify(event);

/** Of one payment an event. */
const common = {
  partitions: PARTITIONS,
  expected: byPartition.map((own) => own.map(lineOf)),
  linesOf: ({ blocks }: Batch) =>
    blocks.flatMap(({ fingerprint, bytes }) =>
      fingerprint === transactionType.fingerprint ? transactionType.decodeBlock(bytes).map(lineOf) : [],
    ),
};

const pool = startBatchPool(1);
const directory = mkdtempSync(join(tmpdir(), 'millrace-source-contract-'));
const path = join(directory, 'payments.jsonl');
writeFileSync(path, transactions.map((event) => `${JSON.stringify(event)}\n`).join(''));
afterAll(async () => {
  await pool.close();
  rmSync(directory, { recursive: true });
});

function file(): SourceSubject {
  const { readInput } = pool;
  const keyField = 'customerId';
  return {
    ...common,
    start: () => createFileSource({ path, schema: transactionSchema, keyField, format: STANDARD_FORMAT, readInput }),
  };
}

/** By a clock that moves only while someone sleeps. */
function generator(ratePerSecond: number): SourceSubject {
  return {
    ...common,
    start() {
      let now = 0;
      return createGenerator({
        name: 'generator:5',
        daysFrom: (transactionId) => simulateDays(SPEC, dayOfTransaction(SPEC, transactionId)),
        ratePerSecond,
        partitionOf,
        nowMs: () => now,
        async sleep(ms) {
          now += ms;
          await nextTurn();
        },
      });
    },
  };
}

function groupOf(chance: () => number) {
  return scriptedGroup({
    name: 'group',
    records: byPartition,
    encode: (records) => transactionType.encodeBlock(records),
    batchSize: () => 1 + Math.floor(chance() * 9),
    redelivers: () => chance() < 0.4,
  });
}

/** Without an end that is asked for it would wait for more. */
function group(): SourceSubject {
  let seed = 7;
  const chance = (): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  return {
    ...common,
    start() {
      const own = groupOf(chance);
      for (let partition = 0; partition < PARTITIONS; partition++) void own.assign(partition);
      return {
        name: own.source.name,
        async run(intake, signal) {
          const run = own.source.run(intake, signal);
          let isOver = false;
          const over = (): void => {
            isOver = true;
          };
          run.then(over, over);
          while (!isOver && !own.isIdle()) await nextTurn();
          own.end();
          await run;
        },
      };
    },
  };
}

sourceContract('A file', file, 6);
sourceContract('The generator at a rate', () => generator(400));
sourceContract('The generator as fast as it goes', () => generator(0));
sourceContract('A group of consumers that has every partition', group);

describe('a source that is given its partitions while it runs', () => {
  test('serves those, from where each stands in the journal, and gives them back once all is durable', async () => {
    const step = fc.record({ partition: fc.nat(PARTITIONS - 1), turns: fc.nat(30) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.99 })),
        async (steps, chances) => {
          const journaled = newJournal(PARTITIONS);
          const partitions = journaledPartitions({ journaled, bound: 2 });
          const own = groupOf(() => chances.next().value ?? 0);
          const run = own.source.run(partitions, new AbortController().signal);
          const mine = new Set<number>();
          for (const { partition, turns } of steps) {
            const before = journaled.positions[partition];
            if (mine.delete(partition)) {
              await own.revoke(partition);
              expect(partitions.isOpen(partition)).toBe(false);
              const after = journaled.batches[partition]?.length;
              for (let turn = 0; turn < 3; turn++) await nextTurn();
              expect(journaled.batches[partition]?.length).toBe(after);
            } else {
              expect(partitions.isOpen(partition)).toBe(false);
              mine.add(partition);
              await own.assign(partition);
              expect(partitions.isOpen(partition)).toBe(true);
            }
            expect(journaled.positions[partition]).toBeGreaterThanOrEqual(before ?? 0);
            for (let turn = 0; turn < turns; turn++) await nextTurn();
          }
          for (let partition = 0; partition < PARTITIONS; partition++) await own.assign(partition);
          while (!own.isIdle()) await nextTurn();
          await partitions.settled();
          own.end();
          await run;
          expect(partitions.wrongs).toEqual([]);
          expect(journaled.batches.map((batches) => batches.flatMap(common.linesOf))).toEqual(common.expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});
