import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGenerator, type GeneratorOptions, MAX_BATCH } from '../../../src/fraud/pipeline/generator.ts';
import type { Transaction } from '../../../src/fraud/schemas.ts';
import { dayOfTransaction, type SimulationSpec, simulateDays } from '../../../src/fraud/simulator.ts';
import { fraudLabelType, transactionType } from '../../../src/fraud/types.ts';
import type { Batch } from '../../../src/sources/source.ts';
import { partitionOf } from '../../../src/streams/partitioner.ts';
import { type RecordingIntake, recordingIntake } from '../../sources/recording-intake.ts';

const SPEC: SimulationSpec = { seed: 5, customers: 60, terminals: 400, startAt: Date.UTC(2021, 0, 1), days: 20 };
const DAY_MS = 86_400_000;

const made = [...simulateDays(SPEC)];
const all = made.flatMap(({ transactions }) => transactions);
const frauds = made.flatMap(({ transactions, scenarios }) =>
  transactions.flatMap(({ transactionId }, n) => (scenarios[n] === 0 ? [] : [[transactionId, scenarios[n]] as const])),
);

/** A clock that moves only while someone sleeps. */
function manualClock() {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => now,
    advance: (ms: number) => {
      now += ms;
    },
    sleep: async (ms: number) => {
      slept.push(ms);
      now += ms;
    },
  };
}

function generator(change: Partial<GeneratorOptions> = {}) {
  return createGenerator({
    name: 'generator:5',
    daysFrom: (transactionId) => simulateDays(SPEC, dayOfTransaction(SPEC, transactionId)),
    ratePerSecond: 0,
    partitionOf,
    ...manualClock(),
    ...change,
  });
}

const eventsOf = (batch: Batch): Transaction[] =>
  batch.blocks.flatMap((block) =>
    block.fingerprint === transactionType.fingerprint ? transactionType.decodeBlock(block.bytes) : [],
  );
const labelsOf = (batch: Batch) =>
  batch.blocks.flatMap((block) =>
    block.fingerprint === fraudLabelType.fingerprint ? fraudLabelType.decodeBlock(block.bytes) : [],
  );
const delivered = (intake: RecordingIntake, partition: number) => (intake.batches[partition] ?? []).flatMap(eventsOf);
const never = new AbortController().signal;

describe('the generator', () => {
  test.each([1, 2, 8])('gives each of %i partitions its own customers, all of them, in order', async (partitions) => {
    const intake = recordingIntake({ partitions });
    await generator().run(intake, never);
    for (let partition = 0; partition < partitions; partition++) {
      expect(delivered(intake, partition)).toEqual(
        all.filter(({ customerId }) => partitionOf(customerId, partitions) === partition),
      );
    }
  });

  test('labels each fraud in the batch of its transaction, known 7 days after it', async () => {
    const intake = recordingIntake({ partitions: 3 });
    await generator().run(intake, never);
    const labels = intake.batches.flat().flatMap((batch) => {
      const events = new Map(eventsOf(batch).map((event) => [event.transactionId, event]));
      return labelsOf(batch).map((label) => ({ label, event: events.get(label.transactionId) }));
    });
    for (const { label, event } of labels) {
      expect(label).toMatchObject({ fraud: true, origin: 'simulator', customerId: event?.customerId });
      expect(label.knownAt).toBe((event?.occurredAt ?? 0) + 7 * DAY_MS);
    }
    const found = labels.map(({ label }) => [label.transactionId, label.scenario] as const);
    expect(found.sort(([a], [b]) => a - b)).toEqual(frauds);
    expect(frauds.length).toBeGreaterThan(10);
  });

  test('goes on from any positions without a loss and without a repeat, whatever the rates', async () => {
    const ids = [0, ...all.map(({ transactionId }) => transactionId + 1)];
    const position = fc.constantFrom(...ids);
    await fc.assert(
      fc.asyncProperty(
        fc.array(position, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 100, 5000),
        async (committed, ratePerSecond) => {
          const partitions = committed.length;
          const intake = recordingIntake({ partitions, committed });
          await generator({ ratePerSecond }).run(intake, never);
          for (const [partition, next] of committed.entries()) {
            expect(delivered(intake, partition).map(({ transactionId }) => transactionId)).toEqual(
              all
                .filter(({ customerId }) => partitionOf(customerId, partitions) === partition)
                .map(({ transactionId }) => transactionId)
                .filter((id) => id >= next),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("puts a batch's position just behind its last transaction", async () => {
    const intake = recordingIntake({ partitions: 2 });
    await generator({ ratePerSecond: 1000 }).run(intake, never);
    for (const batch of intake.batches.flat()) {
      expect(batch.source).toBe('generator:5');
      expect(batch.next).toBe((eventsOf(batch).at(-1)?.transactionId ?? Number.NaN) + 1);
    }
  });

  test('keeps its rate: n transactions take n / rate seconds, at 10 ticks a second', async () => {
    const clock = manualClock();
    const intake = recordingIntake({ partitions: 2 });
    await generator({ ratePerSecond: 200, ...clock }).run(intake, never);
    expect(clock.nowMs() / 1000).toBeCloseTo(all.length / 200, 0);
    expect(clock.slept.every((ms) => ms === 100)).toBe(true);
  });

  test('makes up for at most a second after a stall', async () => {
    const clock = manualClock();
    let first = true;
    const intake = recordingIntake({
      partitions: 1,
      async admit() {
        if (first) clock.advance(60_000);
        first = false;
      },
    });
    await generator({ ratePerSecond: 200, ...clock }).run(intake, never);
    // 60 s stalled, and of the time that the rate asks for only one second is caught up.
    expect(clock.nowMs() / 1000).toBeCloseTo(60 + all.length / 200 - 1, 0);
  });

  test('makes no batch larger than its bound however fast it goes', async () => {
    const large = { ...SPEC, customers: 8000, days: 1 };
    const intake = recordingIntake({ partitions: 2 });
    await generator({ daysFrom: () => simulateDays(large), partitionOf: () => 1 }).run(intake, never);
    const sizes = (intake.batches[1] ?? []).map((batch) => eventsOf(batch).length);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBe(MAX_BATCH);
  });

  test('waits for a partition that has no room', async () => {
    let open = (): void => {};
    const room = new Promise<void>((resolve) => {
      open = resolve;
    });
    const intake = recordingIntake({
      partitions: 2,
      admit: (partition) => (partition === 0 ? room : Promise.resolve()),
    });
    const running = generator({ ratePerSecond: 1000 }).run(intake, never);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(intake.batches[0]).toHaveLength(0);
    expect(intake.batches[1]?.length ?? 0).toBeLessThanOrEqual(1);
    open();
    await running;
    expect(delivered(intake, 0).length + delivered(intake, 1).length).toBe(all.length);
  });

  test('ends when told to, and a second run goes on behind what the queues took', async () => {
    const source = generator({ ratePerSecond: 100 });
    const abort = new AbortController();
    let taken = 0;
    const intake = recordingIntake({
      partitions: 2,
      async admit() {
        if (++taken === 20) abort.abort();
      },
    });
    await source.run(intake, abort.signal);
    const before = intake.batches.flat().flatMap(eventsOf).length;
    expect(before).toBeLessThan(all.length);
    // Nothing was committed: the queues still hold it.
    await source.run(intake, never);
    for (const partition of [0, 1]) {
      expect(delivered(intake, partition)).toEqual(
        all.filter(({ customerId }) => partitionOf(customerId, 2) === partition),
      );
    }
  });

  test('makes again what its partition gave up', async () => {
    const source = generator();
    const intake = recordingIntake({ partitions: 1 });
    await source.run(intake, never);
    for (const batch of intake.batches[0]?.splice(0) ?? []) batch.onRejected?.(new Error('abandoned'));
    await source.run(intake, never);
    expect(delivered(intake, 0)).toEqual(all);
  });

  test('fails with the reason of a partition that refuses while it is not told to stop', async () => {
    const intake = recordingIntake({ partitions: 1, admit: () => Promise.reject(new Error('disk full')) });
    await expect(generator().run(intake, never)).rejects.toThrow('disk full');
  });
});
