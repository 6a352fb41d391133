import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partitionOf } from '../../src/streams/partitioner.ts';

/**
 * Hashes of Kafka's own test, UtilsTest.testMurmur2 (clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java).
 */
const KAFKA_MURMUR2: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

describe('the partition of a text key', () => {
  test.each(KAFKA_MURMUR2)("is the one that Kafka's default partitioner chooses for %s", (key, hash) => {
    // BuiltInPartitioner: Utils.toPositive(Utils.murmur2(key)) % numPartitions, toPositive being & 0x7fffffff.
    for (const partitions of [2, 3, 8, 12, 64, 1_000_003]) {
      expect(partitionOf(key, partitions)).toBe((hash & 0x7fffffff) % partitions);
    }
  });
});

describe('the partition of any key', () => {
  const key = fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger());

  test('is one of the partitions, and the same each time', () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 64 }), (value, partitions) => {
        const partition = partitionOf(value, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(value, partitions)).toBe(partition);
      }),
    );
  });

  test('is 0 when there is one partition', () => {
    fc.assert(fc.property(key, (value) => partitionOf(value, 1) === 0));
  });

  test.each([
    ['consecutive numbers', (n: number) => n],
    ['multiples of 64', (n: number) => n * 64],
    ['numbers beyond 32 bits that differ in the high half only', (n: number) => n * 2 ** 32],
    ['numbered texts', (n: number) => `customer-${n}`],
  ])('spreads %s evenly', (_, keyOf) => {
    const partitions = 8;
    const keys = 8000;
    const counts = new Array<number>(partitions).fill(0);
    for (let n = 0; n < keys; n++) counts[partitionOf(keyOf(n), partitions)]! += 1;
    // Chi-squared with 7 degrees of freedom is above 29.9 once in 10,000 draws.
    const expected = keys / partitions;
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(29.9);
  });
});
